"""A distribution can run its cases as tests of its own suite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from snnbench.testing.casebook import Case, cases
from snnbench.testing.outcomes import Undecided

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet


def params(distribution: str, known: Mapping[str, str], *, slow: bool = True) -> list[ParameterSet]:
    """Return every case of ``distribution``, for ``pytest.mark.parametrize``; slow ones are marked ``slow``.

    Args:
        distribution: As for ``cases``.
        known: Ids of cases that are expected to fail, each with the reason.
        slow: With those that take seconds.
    """
    return [
        pytest.param(case, id=case.id, marks=_marks(case, known))
        for case in cases(distribution)
        if slow or not case.probe.slow
    ]


def check(case: Case) -> None:
    """Run ``case``; skip what probing cannot decide.

    Raises:
        Violation: The claim is not true.
    """
    try:
        case.run()
    except Undecided as reason:
        pytest.skip(str(reason))


def _marks(case: Case, known: Mapping[str, str]) -> list[pytest.MarkDecorator]:
    slow = [pytest.mark.slow] if case.probe.slow else []
    return [*slow, pytest.mark.xfail(reason=known[case.id], strict=True)] if case.id in known else slow
