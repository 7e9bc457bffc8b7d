"""Which cells of a plan are run: those without a result that was made by the keys that are asked for now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from results import make_cell, make_result
from snnbench.identity import measurement_keys
from snnbench.matrix.plan import Plan
from snnbench.records import Component, Status
from snnbench.session.jobs import measured
from snnbench.session.standing import wanted
from snnbench.settings import Measure, Rerun

LIF, ALIF = Component("lif"), Component("alif")
CELL = make_cell()
KEYS = {("neuron", LIF): "l", ("neuron", ALIF): "a", ("measurement", Component("energy")): "e"}
PLAN = Plan((CELL,), (), {}, (Component("energy"),), {CELL.key: LIF}, keys=KEYS)
ASKED = measured(Measure(), PLAN)(CELL)


def test_the_keys_of_a_cell_are_those_of_what_it_is_compared_with() -> None:
    assert measurement_keys(Measure(), "l", "", {"energy": "e"}) == ASKED
    assert measured(Measure(), replace(PLAN, references={}, floor=ALIF))(CELL) == measurement_keys(
        Measure(), "", "a", {"energy": "e"}
    )


@pytest.mark.parametrize(
    ("measure", "plan", "again"),
    [
        (Measure(), PLAN, False),
        (Measure(throughput=False, memory=False), PLAN, False),
        (Measure(stability=False, stability_exponents=5), PLAN, False),
        (Measure(), replace(PLAN, measurements=()), False),
        (Measure(throughput_seconds=0.1), PLAN, True),
        (Measure(stability_exponents=2), PLAN, True),
        (Measure(), replace(PLAN, references={CELL.key: ALIF}), True),
        (Measure(), replace(PLAN, floor=ALIF), True),
        (Measure(), replace(PLAN, keys={**KEYS, ("measurement", Component("energy")): "edited"}), True),
    ],
)
def test_what_was_measured_by_another_key_is_measured_again(
    measure: Measure, plan: Plan, again: bool
) -> None:
    """What is no longer asked for does no harm; what is asked for otherwise does."""
    done = make_result(CELL, measured=ASKED)
    assert wanted(done, Rerun.MISSING, measured(measure, plan)(CELL)) is again


@pytest.mark.parametrize("status", Status)
def test_a_cell_that_failed_is_left_until_it_is_asked_for(status: Status) -> None:
    result = replace(make_result(CELL), status=status)
    unfinished = status in {Status.INTERRUPTED, Status.SKIPPED}
    failed = status is not Status.DONE
    assert wanted(result, Rerun.MISSING, {}) is unfinished
    assert wanted(result, Rerun.FAILED, {}) is (failed or unfinished)
    assert wanted(result, Rerun.ALL, {})
    assert wanted(None, Rerun.MISSING, {})
