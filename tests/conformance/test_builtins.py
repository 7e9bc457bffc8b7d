"""The built-in components are what they claim to be."""

from __future__ import annotations

import pytest

from snnbench.testing import Case, Undecided, cases

KNOWN = {
    "dataset:random_spikes::classes[every]": "its classes mean nothing: it is for measuring speed",
    "dataset:randman::splits[disjoint]": "a line in 100 steps of time: samples coincide, and a board says so",
}


def marks(case: Case) -> list[pytest.MarkDecorator]:
    slow = [pytest.mark.slow] if case.probe.slow else []
    return [*slow, pytest.mark.xfail(reason=KNOWN[case.id])] if case.id in KNOWN else slow


CASES = [pytest.param(case, id=case.id, marks=marks(case)) for case in cases("snnbench")]


@pytest.mark.parametrize("case", CASES)
def test_claim(case: Case) -> None:
    try:
        case.run()
    except Undecided as reason:
        pytest.skip(str(reason))
