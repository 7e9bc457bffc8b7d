"""What a package that wraps a library says once."""

from __future__ import annotations

from snnbench import FromParam, Library, Param

WRAPPED = Library(
    package="my_wrapper",
    reference="the library",
    neurons={"reset": FromParam("reset"), "states": ("v",), "threshold": ">="},
)
RESET = {"reset": Param("zero", choices=("zero", "subtract"))}


def test_a_neuron_has_what_all_of_them_have() -> None:
    spec = WRAPPED.neuron("lif", "leaky", "u = x", RESET)
    assert (spec.factory, spec.version, spec.reference) == ("my_wrapper.neurons:lif", "1", "the library")
    assert (spec.states, spec.threshold, spec.claims().reset) == (("v",), ">=", "zero")


def test_its_own_fields_come_before_the_common_ones() -> None:
    spec = WRAPPED.neuron("li", "integrator", "u = x", reset="none", version="3", reference="a paper")
    assert (spec.reset, spec.version, spec.reference, spec.params) == ("none", "3", "a paper", {})


def test_a_factory_elsewhere() -> None:
    encoder = WRAPPED.encoder("rate", "random", "s ~ x", factory="coding:Rate")
    assert encoder.factory == "my_wrapper.coding:Rate"
    assert WRAPPED.surrogate("atan", "bell", "d = 1", factory=print).factory is print
