"""Neurons, each wrong in one way. The first is right."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from snnbench import Neuron, NeuronSpec, Param
from snnbench.core.eager import State
from snnbench.errors import UsageError


class Right(Neuron):
    """Leaky integrate-and-fire; a spike takes the threshold off within its step."""

    def __init__(
        self, features: Any, surrogate: Any, generator: torch.Generator, *, beta: float = 0.9
    ) -> None:
        super().__init__()
        self.beta = beta
        self.surrogate = surrogate

    def initial_state(self, x_t: Tensor) -> State:
        return tuple(torch.zeros_like(x_t) for _ in self.states)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        u = self.beta * state[0] + x_t
        s = self.surrogate(u - 1)
        return s, (u - s,)


class OtherDefault(Right):
    def __init__(
        self, features: Any, surrogate: Any, generator: torch.Generator, *, beta: float = 0.8
    ) -> None:
        super().__init__(features, surrogate, generator, beta=beta)


class Idle(Right):
    def __init__(
        self,
        features: Any,
        surrogate: Any,
        generator: torch.Generator,
        *,
        beta: float = 0.9,
        width: float = 1.0,
    ) -> None:
        super().__init__(features, surrogate, generator, beta=beta)


class Refusing(Right):
    def __init__(
        self, features: Any, surrogate: Any, generator: torch.Generator, *, beta: float = 0.9
    ) -> None:
        raise UsageError("beta must not be 0.9")


class DividesByZero(Right):
    def __init__(
        self, features: Any, surrogate: Any, generator: torch.Generator, *, tau: float = 2.0
    ) -> None:
        super().__init__(features, surrogate, generator, beta=math.exp(-1 / tau))


class FiresAtThreshold(Right):
    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        u = self.beta * state[0] + x_t
        s = 1 - self.surrogate(1 - u)
        return s, (u - s,)


class FiresAtOddThreshold(Right):
    """Its threshold is no round number: only what it asks its surrogate tells."""

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        u = self.beta * state[0] + x_t
        s = 1 - self.surrogate(math.pi - u)
        return s, (u - math.pi * s,)


class Halves(Right):
    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        y, state = super().step(x_t, state)
        return y / 2, state


class NeverNegative(Right):
    """Its threshold for −1 is one that no membrane reaches."""

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        u = self.beta * state[0] + x_t
        s = self.surrogate(u - 1) - self.surrogate(-1e9 - u)
        return s, (u - s,)


class Coupled(Right):
    """Each unit reads its neighbour's last spike; a unit alone reads nothing."""

    states = ("membrane", "spike")

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        u, last = state
        s, (u,) = super().step(x_t + last.roll(1, -1) - last, (u,))
        return s, (u, s)


class Foreseeing(Right):
    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        return super().forward(x + x.flip(0), state)


class ResetsToZero(Right):
    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        u = self.beta * state[0] + x_t
        s = self.surrogate(u - 1)
        return s, ((1 - s) * u,)


class ResetsByHalf(Right):
    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        u = self.beta * state[0] + x_t
        s = self.surrogate(u - 1)
        return s, (u - s / 2,)


class ResetsLater(Right):
    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        u = self.beta * state[0] + x_t - self.surrogate(state[0] - 1)
        return self.surrogate(u - 1), (u,)


class Detaching(Right):
    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        u = self.beta * state[0] + x_t
        s = self.surrogate(u - 1)
        return s, (u - s.detach(),)


class OneUnitTooMany(Right):
    def disturbance_unit(self) -> tuple[float, ...]:
        return 1.0, 1.0


class AtRest(Right):
    def disturbance_unit(self) -> tuple[float, ...]:
        return (0.0,)


class LeaksOtherwise(Right):
    def leak_exponent(self) -> float | None:
        return math.log(0.5)


class LeaksALittleLess(Right):
    def leak_exponent(self) -> float | None:
        return math.log(self.beta) + 1e-5


class Bent(LeaksALittleLess):
    """Its decay is another one below rest."""

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        return super().step(x_t - self.beta / 2 * state[0].clamp(max=0), state)


class Counting(Right):
    """Rises with each step that it is asked for."""

    calls = 0

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        self.calls += 1
        y, (u,) = super().step(x_t, state)
        return y, (u + 1e-3 * self.calls,)


class Remembering(Right):
    """Keeps the largest input since the start; asked twice it says the same."""

    def initial_state(self, x_t: Tensor) -> State:
        self.largest = torch.zeros_like(x_t)
        return super().initial_state(x_t)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        self.largest = torch.maximum(self.largest, x_t.detach().abs())
        return super().step(x_t - self.largest / 64, state)


class InPlace(Right):
    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        state[0].add_(0)
        return super().step(x_t, state)


class InPlaceForward(Right):
    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        x.detach().add_(0)
        return super().forward(x, state)


class RemembersInEval(Remembering):
    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        if self.training:
            return Right.step(self, x_t, state)
        return super().step(x_t, state)


class Buffered(Right):
    def __init__(
        self, features: Any, surrogate: Any, generator: torch.Generator, *, beta: float = 0.9
    ) -> None:
        super().__init__(features, surrogate, generator, beta=beta)
        self.register_buffer("steps", torch.zeros(()))

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        self.steps = self.steps + 1
        return super().step(x_t, state)


class Drawing(Right):
    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        torch.rand(())
        return super().step(x_t, state)


class OtherForward(Right):
    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        return super().forward(x.relu(), state)


class StartsAfresh(Right):
    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        return super().forward(x)


class OtherForwardInEval(Right):
    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        return super().forward(x if self.training else x.relu(), state)


class DetachingForward(Right):
    """The same numbers without what a membrane owes to the steps before."""

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        state, outputs = self.initial_state(x[0]) if state is None else state, []
        for x_t in x:
            y_t, state = self.step(x_t, tuple(part.detach() for part in state))
            outputs.append(y_t)
        return torch.stack(outputs), state


class FrozenInForward(Right):
    """Its gain is learned by the loop over step alone."""

    def __init__(
        self, features: Any, surrogate: Any, generator: torch.Generator, *, beta: float = 0.9
    ) -> None:
        super().__init__(features, surrogate, generator, beta=beta)
        self.gain = torch.nn.Parameter(torch.ones(()))

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        return super().step(self.gain * x_t, state)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        state, outputs = self.initial_state(x[0]) if state is None else state, []
        for x_t in x:
            y_t, state = super().step(self.gain.detach() * x_t, state)
            outputs.append(y_t)
        return torch.stack(outputs), state


class GrowingState(Right):
    def initial_state(self, x_t: Tensor) -> State:
        return (torch.zeros_like(x_t[:, :1]),)


class Flattening(Right):
    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        y, state = super().step(x_t, state)
        return y.flatten(1), state


class CountsTheBatch(Right):
    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        return super().step(x_t + 0.01 * (len(x_t) - 1), state)


class MixesInEval(Right):
    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        return super().step(x_t if self.training else x_t + 0.01 * (len(x_t) - 1), state)


class SpreadsNaN(Right):
    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        return super().step(x_t + 0 * x_t.mean(0), state)


class Widening(Right):
    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        y, state = super().step(x_t, state)
        return (y.float() if y.dtype == torch.bfloat16 else y), state


class Single(Right):
    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        return super().step(x_t.float().to(x_t.dtype), state)


class OnTheCPU(Right):
    def initial_state(self, x_t: Tensor) -> State:
        return (torch.zeros(x_t.shape, dtype=x_t.dtype),)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        y, state = super().step(x_t, (state[0].to(x_t.device),))
        return y, (state[0].cpu(),)


class InfiniteGradient(Right):
    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        y, state = super().step(x_t, state)
        return y + 0 * (x_t - x_t.detach()).sqrt(), state


class NoGradient(Right):
    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        y, state = super().step(x_t, state)
        return y.detach(), state


class OtherCompiled(Right):
    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        y, state = super().step(x_t, state)
        return (y + 1 if torch.compiler.is_compiling() else y), state


class NoCopy(Right):
    def __deepcopy__(self, memo: object) -> NoCopy:
        raise TypeError("one is enough")


class NoPickle(Right):
    def __init__(
        self, features: Any, surrogate: Any, generator: torch.Generator, *, beta: float = 0.9
    ) -> None:
        super().__init__(features, surrogate, generator, beta=beta)
        self.rule = lambda u: u - 1


BETA = {"beta": Param(0.9, low=0.0, high=1.0, unit="1/step", doc="membrane decay")}


def spec(factory: object, **changes: object) -> NeuronSpec:
    said = {
        "name": "probe",
        "version": "1",
        "summary": "a neuron",
        "reference": "this file",
        "factory": factory,
        "params": BETA,
        "reset": "subtract",
        "states": ("membrane",),
    }
    return NeuronSpec(**(said | changes))  # type: ignore[arg-type]


BROKEN = {
    "spec[text]": spec(Right, summary=" "),
    "spec[text] ": spec(Right, params={"beta": Param(0.9, low=0.0, high=1.0)}),
    "spec[defaults]": spec(OtherDefault),
    "spec[builds]": spec(Refusing),
    "spec[effect]": spec(Idle, params=BETA | {"width": Param(1.0, low=0.0, doc="of nothing")}),
    "spec[states]": spec(Right, states=("voltage",)),
    "spec[ranges]": spec(DividesByZero, params={"tau": Param(2.0, unit="step", doc="time constant")}),
    "claim[threshold]": spec(FiresAtThreshold),
    "claim[threshold] ": spec(FiresAtOddThreshold),
    "claim[threshold]  ": spec(Right, threshold=">="),
    "claim[spike]": spec(Halves),
    "claim[spike] ": spec(Right, spike="graded"),
    "claim[spike]  ": spec(NeverNegative, spike="ternary"),
    "claim[spike]   ": spec(Right, spike="multi"),
    "claim[recurrent]": spec(Coupled, states=("membrane", "spike")),
    "claim[causal]": spec(Foreseeing),
    "claim[reset]": spec(ResetsToZero),
    "claim[reset] ": spec(Right, reset="zero"),
    "claim[reset]  ": spec(Right, reset="value"),
    "claim[reset]   ": spec(ResetsByHalf),
    "claim[reset_delay]": spec(ResetsLater),
    "claim[reset_delay] ": spec(Right, reset_delay=True),
    "claim[reset_detached]": spec(Detaching),
    "claim[reset_detached] ": spec(Right, reset_detached=True),
    "claim[disturbance_unit]": spec(OneUnitTooMany),
    "claim[disturbance_unit] ": spec(AtRest),
    "claim[leak_exponent]": spec(LeaksOtherwise),
    "claim[leak_exponent] ": spec(LeaksALittleLess),
    "claim[leak_exponent]  ": spec(Bent),
    "pure[repeatable]": spec(Counting),
    "pure[hidden]": spec(Remembering),
    "pure[hidden] ": spec(RemembersInEval),
    "pure[arguments]": spec(InPlace),
    "pure[arguments] ": spec(InPlaceForward),
    "pure[buffers]": spec(Buffered),
    "pure[random]": spec(Drawing),
    "run[steps]": spec(OtherForward),
    "run[steps] ": spec(OtherForwardInEval),
    "run[split]": spec(StartsAfresh),
    "run[one_step]": spec(GrowingState),
    "run[shapes]": spec(Flattening),
    "batch[independent]": spec(CountsTheBatch),
    "batch[independent] ": spec(MixesInEval),
    "batch[nan]": spec(SpreadsNaN),
    "tensor[dtype]": spec(Widening),
    "tensor[precision]": spec(Single),
    "gradient[finite]": spec(InfiniteGradient),
    "gradient[input]": spec(NoGradient),
    "gradient[steps]": spec(DetachingForward),
    "gradient[steps] ": spec(FrozenInForward),
    "compile": spec(OtherCompiled),
    "copy[deepcopy]": spec(NoCopy),
    "copy[pickle]": spec(NoPickle),
}
"""The probe that must turn red, to the neuron; blanks tell several of one probe apart."""

ALSO = {
    "claim[leak_exponent]  ": {"claim[reset]"},  # a spike takes it to where it is bent
    "claim[causal]": {"run[steps]", "run[split]"},  # a pure step cannot look ahead
    "claim[spike] ": {"claim[threshold]", "claim[reset]"},
    "pure[repeatable]": {  # two runs are never the same
        "pure[hidden]",
        "run[steps]",
        "run[split]",
        "batch[independent]",
    },
}
"""What cannot but turn red with it."""
