"""The built-in components are what they claim to be."""

from __future__ import annotations

import pytest

from snnbench.testing import Case, check, params

KNOWN = {
    "dataset:random_spikes::classes[every]": "its classes mean nothing: it is for measuring speed",
    "dataset:randman::splits[disjoint]": "a line in 100 steps of time: samples coincide, and a board says so",
}


@pytest.mark.parametrize("case", params("snnbench", KNOWN))
def test_claim(case: Case) -> None:
    check(case)
