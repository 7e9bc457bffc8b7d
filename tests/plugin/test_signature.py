"""Parameters that a factory's signature declares."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import pytest

from snnbench import NeuronSpec, Param
from snnbench.errors import PluginError
from snnbench.plugin.checks import Fault, check_spec
from snnbench.plugin.signature import declared, plain

if TYPE_CHECKING:
    from snnbench import Neuron

Decay = Annotated[float, Param(low=0.0, high=1.0, unit="1/step", doc="membrane decay")]


class Factory:
    def __init__(
        self, features: Any, *, beta: Decay = 0.9, gain: float = 1.0, near: Neuron | None = None
    ) -> None:
        self.beta = beta


def make(features: Any, *, beta: Decay = 0.8) -> None: ...


def without_default(*, beta: Decay) -> None: ...


def spec(factory: Any, **params: Param) -> NeuronSpec:
    return NeuronSpec(name="mine", version="1", summary="mine", factory=factory, params=params)


BETA = Param(0.9, low=0.0, high=1.0, unit="1/step", doc="membrane decay")


def test_a_spec_reads_the_annotated_signature_of_a_class_a_function_and_a_partial() -> None:
    assert spec(Factory).params == {"beta": BETA}
    assert spec(make).params == spec(partial(make, ())).params == {"beta": replace(BETA, default=0.8)}
    assert dict(spec(Factory).resolve((("beta", 0.5),))) == {"beta": 0.5}


def test_a_class_given_from_python_has_its_plain_arguments_too() -> None:
    assert plain(Factory) == {"beta": BETA, "gain": Param(1.0)}


def test_one_that_is_declared_twice_and_differently_is_refused() -> None:
    assert replace(spec(Factory), version="2").params == {"beta": BETA}
    with pytest.raises(PluginError, match="'beta' is declared twice"):
        spec(Factory, beta=Param(0.5))


def test_one_without_a_default_is_refused() -> None:
    with pytest.raises(Fault, match="default None"):
        check_spec(spec(without_default), NeuronSpec)


def test_what_declares_nothing_has_nothing() -> None:
    assert declared(print) == declared(lambda x, y=1: None) == {}
