"""What a neuron claims to be follows its parameters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from snnbench.components.neurons import SPECS
from snnbench.execute.job import Job, Settings
from snnbench.plugin.checks import Fault, check_spec
from snnbench.plugin.claims import FromParam
from snnbench.plugin.params import Param
from snnbench.plugin.specs import NeuronSpec
from snnbench.records import Cell, Component, Params
from snnbench.settings import Budget, Measure

NEURONS = {spec.name: spec for spec in SPECS}


def shown(neuron: str, params: Params = ()) -> dict[str, str]:
    other = Component("any", ())
    cell = Cell(other, other, other, Component(neuron, params), None, Budget(), 0)
    settings = Settings("cpu", 1, Path(), {})
    return Job(cell, {"neuron": NEURONS[neuron]}, (), Measure(), settings).labels


@pytest.mark.parametrize(
    ("neuron", "params", "reset"),
    [
        ("lif", (), "subtract, next step, attached"),
        ("lif", (("reset", "zero"),), "zero, next step, attached"),
        ("lif", (("reset_delay", False), ("detach_reset", True)), "subtract, same step, detached"),
        ("lif", (("reset", "none"), ("detach_reset", True)), "none"),
        ("alpha", (), "zero, next step, attached"),
        ("qif", (), "value, same step, attached"),
        ("relu", (), "none"),
    ],
)
def test_the_label_tells_the_reset_of_these_parameters(neuron: str, params: Params, reset: str) -> None:
    assert shown(neuron, params)["reset"] == reset


def test_a_recurrent_adlif_is_labelled_recurrent() -> None:
    assert shown("adlif")["recurrent"] == "false"
    assert shown("adlif", (("recurrent", True),))["recurrent"] == "true"


PARAMS = {"wipe": Param("zero", choices=("zero", "subtract")), "late": Param(False), "gain": Param(1.0)}
SPEC = NeuronSpec(name="mine", version="1", summary="", factory="a:b", params=PARAMS)


def test_a_claim_may_follow_a_parameter() -> None:
    spec = replace(SPEC, reset=FromParam("wipe"), reset_delay=FromParam("late"))
    check_spec(spec, NeuronSpec)
    claims = spec.claims((("late", True),))
    assert (claims.reset, claims.reset_delay, claims.reset_detached) == ("zero", True, False)


def test_a_claim_may_be_told_value_by_value() -> None:
    detached = FromParam("wipe", {"zero": True, "subtract": False})
    spec = replace(SPEC, reset=FromParam("wipe"), reset_detached=detached)
    check_spec(spec, NeuronSpec)
    assert spec.claims().reset_detached is True
    assert spec.claims((("wipe", "subtract"),)).reset_detached is False


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        (replace(SPEC, reset=FromParam("wiped")), "reset is said to follow 'wiped', which is no parameter"),
        (replace(SPEC, reset_delay=FromParam("gain")), "reset_delay follows 'gain', but 1.0 is not bool"),
        (replace(SPEC, recurrent=FromParam("wipe")), "recurrent follows 'wipe', but 'zero' is not bool"),
        (
            replace(SPEC, reset_delay=FromParam("wipe", {"zero": True})),
            "reset_delay follows 'wipe', but claims nothing for 'subtract'",
        ),
        (
            replace(SPEC, spike=FromParam("late", {False: "binary", True: "several"})),
            "spike follows 'late', but 'several' is not one of 'binary'",
        ),
        (
            replace(SPEC, reset="wiped"),
            "reset='wiped' is not one of 'subtract', 'zero', 'value', 'other', 'none'",
        ),  # type: ignore[arg-type]
    ],
)
def test_a_claim_that_no_parameter_can_decide_is_a_fault(spec: NeuronSpec, fault: str) -> None:
    with pytest.raises(Fault, match=f"neuron 'mine': {fault}"):
        check_spec(spec, NeuronSpec)
