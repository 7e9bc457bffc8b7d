"""The built-in components are what they claim to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from snnbench.testing import Case, check, params

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet

KNOWN = {
    "dataset:random_spikes::classes[every]": "its classes mean nothing: it is for measuring speed",
    "dataset:randman::splits[disjoint]": "a line in 100 steps of time: samples coincide, and a board says so",
}


def claims() -> list[ParameterSet]:
    """Return every case; those of the LIF's relatives at other parameters than their defaults are slow.

    The LIF itself is checked at all its parameters in every run of the tests.
    """
    return [_slow(one) if _is_relative(one.values[0]) else one for one in params("snnbench", KNOWN)]


def _is_relative(case: object) -> bool:
    assert isinstance(case, Case)
    spec = case.component.spec
    return spec.kind == "neuron" and spec.name != "lif" and bool(case.params)


def _slow(one: ParameterSet) -> ParameterSet:
    return pytest.param(*one.values, id=str(one.id), marks=[*one.marks, pytest.mark.slow])


@pytest.mark.parametrize("case", claims())
def test_claim(case: Case) -> None:
    check(case)
