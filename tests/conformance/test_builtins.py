"""The built-in components are what they claim to be."""

from __future__ import annotations

import pytest

from snnbench.testing import Case, Undecided, cases

CASES = [
    pytest.param(case, id=case.id, marks=[pytest.mark.slow] if case.probe.slow else [])
    for case in cases("snnbench")
]


@pytest.mark.parametrize("case", CASES)
def test_claim(case: Case) -> None:
    try:
        case.run()
    except Undecided as reason:
        pytest.skip(str(reason))
