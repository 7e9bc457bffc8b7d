"""Neurons that are out of the ordinary, and what the kit makes of them."""

from __future__ import annotations

from typing import Any

import broken_neurons
import broken_others
import pytest
import torch
from torch import Tensor

from snnbench import Surrogate
from snnbench.components import neurons
from snnbench.core.eager import State
from snnbench.errors import UsageError
from snnbench.testing import Undecided, Violation
from snnbench.testing.neurons import PROBES, Subject, reset, running, threshold
from snnbench.testing.neurons.crossing import find_crossing
from snnbench.testing.neurons.membrane import membranes


class TakesItsOwn(broken_neurons.Right):
    """As of a library that makes its spikes itself."""

    def __init__(self, features: Any, surrogate: Surrogate, generator: Any, *, beta: float = 0.9) -> None:
        if not isinstance(surrogate, broken_others.Cauchy):
            raise UsageError(f"cannot take {surrogate!r}")
        super().__init__(features, surrogate, generator, beta=beta)


class InSpace(broken_neurons.Right):
    def __init__(self, features: Any, surrogate: Surrogate, generator: Any, *, beta: float = 0.9) -> None:
        if len(features) != 3:
            raise UsageError(f"features={features} are no image")
        super().__init__(features, surrogate, generator, beta=beta)


class Recovering(broken_neurons.Right):
    """A recovery, named u, that a spike raises by 2."""

    states = ("v", "u")

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        s, (v,) = super().step(x_t - 0.125 * state[1], state[:1])
        return s, (v, 0.5 * state[1] + 2 * s)


class Scaled(broken_neurons.Right):
    """Of an input of 10 it makes 0.9999999999999998."""

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        u = 0.9 * state[0] + (1 - 0.9) * x_t
        soft = self.surrogate(u - 1)
        s = (u >= 1).to(u.dtype) + soft - soft.detach()
        return s, (u - s,)


class Unasked(Scaled):
    """The same without a question at threshold: its membrane alone tells."""

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        u = 0.9 * state[0] + (1 - 0.9) * x_t
        s = (u >= 1).to(u.dtype)
        return s, (u - s,)


class Listening(broken_neurons.Right):
    """Behind a matrix for its input, and with one for its last output."""

    states = ("output", "membrane")

    def __init__(self, features: Any, surrogate: Surrogate, generator: Any, *, beta: float = 0.9) -> None:
        super().__init__(features, surrogate, generator, beta=beta)
        self.weights = torch.nn.Parameter(torch.eye(features[0]))
        self.recurrent = torch.nn.Parameter(torch.full((features[0], features[0]), 0.75))

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        s, (u,) = super().step(x_t @ self.weights + state[0] @ self.recurrent, state[1:])
        return s, (s, u)


class Restless(broken_neurons.Right):
    def initial_state(self, x_t: Tensor) -> State:
        return (torch.full_like(x_t, 8.0),)


def subject(factory: object, beside: Any = (), **changes: Any) -> Subject:
    return Subject(broken_neurons.spec(factory, **changes), (), beside)


def test_a_neuron_that_takes_its_own_surrogates_only_is_given_one() -> None:
    own = broken_others.surrogate(broken_others.Cauchy)
    threshold.threshold(subject(TakesItsOwn, [own]))
    with pytest.raises(Undecided, match="cannot take ATan"):
        threshold.threshold(subject(TakesItsOwn))


def test_a_neuron_of_images_is_probed_as_one_of_channels() -> None:
    threshold.threshold(subject(InSpace))
    reset.reset(subject(InSpace))
    running.shapes(subject(InSpace))
    with pytest.raises(Violation, match="it says reset='zero'"):
        reset.reset(subject(InSpace, reset="zero"))


@pytest.mark.parametrize("factory", [Scaled, Unasked])
def test_a_round_input_is_not_a_membrane_at_threshold(factory: object) -> None:
    threshold.threshold(subject(factory, threshold=">="))
    with pytest.raises(Violation, match="it says '>', but fires"):
        threshold.threshold(subject(factory))


def test_a_recurrent_neuron_hears_its_input_but_not_its_spikes() -> None:
    said = {"states": ("output", "membrane"), "recurrent": True}
    reset.reset(subject(Listening, **said))
    reset.reset_detached(subject(Listening, **said))
    with pytest.raises(Violation, match="it says reset='zero'"):
        reset.reset(subject(Listening, **said, reset="zero"))


def test_the_claims_of_a_neuron_that_is_not_pure_are_not_decided() -> None:
    counting = subject(broken_neurons.Counting)
    claims = [probe for probe in PROBES if probe.name.startswith("claim")]
    for probe in claims:
        with pytest.raises(Undecided, match="two runs of it differ"):
            probe.check(counting)


def test_a_recovery_is_not_taken_for_the_membrane() -> None:
    reset.reset(subject(Recovering, states=("v", "u")))
    with pytest.raises(Violation, match="it says reset='zero'"):
        reset.reset(subject(Recovering, states=("v", "u"), reset="zero"))


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (("anything",), [0]),
        (("current", "membrane"), [1]),
        (("pos_mem", "neg_mem", "output"), [0, 1]),
        (("v", "u"), [0]),
        (("u", "w"), [0]),
        (("excitatory", "inhibitory"), []),
        ((), []),
    ],
)
def test_which_states_are_the_membrane(states: tuple[str, ...], expected: list[int]) -> None:
    assert membranes(states) == expected


def test_an_adaptive_reset_is_not_decided() -> None:
    alif = next(spec for spec in neurons.SPECS if spec.name == "alif")
    with pytest.raises(Undecided, match="changes another state"):
        reset.reset(Subject(alif, ()))


def test_a_crossing_is_two_neighbouring_floats() -> None:
    crossing = find_crossing(subject(broken_neurons.Right).make())
    assert crossing is not None
    assert (crossing.silent, crossing.firing, crossing.step) == (1.0, 1 + 2**-52, 0)
    fires_at_rest = subject(Restless).make()
    assert find_crossing(fires_at_rest) is None
