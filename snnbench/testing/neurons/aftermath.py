"""Find what one spike does to a neuron: the difference between a run with it and a run without."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import torch
from torch import Tensor

from snnbench.core.eager import State
from snnbench.core.neuron import Neuron
from snnbench.core.surrogate import replacing_spikes
from snnbench.plugin.claims import ResetKind
from snnbench.testing.neurons.crossing import Crossing, impulse, walk
from snnbench.testing.neurons.membrane import membranes
from snnbench.testing.neurons.subject import Subject
from snnbench.testing.outcomes import Undecided

TOLERANCE: Final = 1e-6
SLOPE_TOLERANCE: Final = 1e-3
NUDGE: Final = 1e-6
LAGS: Final = (0, 1)


@dataclass(frozen=True)
class Moment:
    """A moment is a neuron after one step.

    Attributes:
        output: Its output.
        state: Its state.
        membrane: Its membrane.
        traced: The same, with a graph; where no state is the membrane, a sum of all states.
    """

    output: Tensor
    state: State
    membrane: float
    traced: Tensor


class Aftermath:
    """A neuron is seen at its crossing, in the step of its first spike (lag 0) and in the next (lag 1).

    The membrane is the state of that name (their sum, if there are several); where there is none, what
    its surrogate is asked, relative to rest.

    Raises:
        Undecided: It does not fire, or its membrane cannot be seen.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.crossing = subject.need_crossing()
        self.neuron = subject.make()
        if subject.claims.recurrent:
            self.neuron = _uncoupled(self.neuron, self.crossing)
        self.parts = membranes(tuple(self.neuron.states))
        self.rest = 0.0
        self.rest = self._run(0.0)[0].membrane
        self.silent, self.firing = (self._run(v) for v in (self.crossing.silent, self.crossing.firing))
        self.scale = abs(self.silent[0].membrane - (self.rest if self.parts else 0))
        if not self.scale > 0:
            raise Undecided("its membrane does not move on the way to its first spike")

    @property
    def input(self) -> str:
        """Return the input, as an author can give it."""
        wait = f", then {self.crossing.step} steps of 0" if self.crossing.step else ""
        return f"from rest, x[0] = {self.crossing.firing!r}{wait}, features=(1,), float64"

    @cached_property
    def lag(self) -> int | None:
        """Return the steps from the spike to the reset; None if nothing happens to the membrane."""
        if not self.parts:
            return self._lag_of_states()
        return next((lag for lag in LAGS if abs(self.jump(lag)) > TOLERANCE * self.scale), None)

    def _lag_of_states(self) -> int | None:
        """Return the same, from all states but a copy of the output."""
        for lag in LAGS:
            if any(self._differ(lag, i) for i in range(len(self.silent[lag].state))):
                return lag
        return None

    @cached_property
    def adapts(self) -> bool:
        """Return whether the spike, when it resets the membrane, changes another state too."""
        others = [i for i in range(len(self.silent[0].state)) if i not in self.parts] if self.parts else []
        return self.lag is not None and any(self._differ(self.lag, i) for i in others)

    def _differ(self, lag: int, state: int) -> bool:
        one, other = self.silent[lag], self.firing[lag]
        copies = torch.equal(one.state[state], one.output) and torch.equal(other.state[state], other.output)
        gap = float((other.state[state] - one.state[state]).detach().abs().max())
        return not copies and gap > TOLERANCE * self.scale

    def jump(self, lag: int) -> float:
        """Return what the spike adds to the membrane."""
        return self.firing[lag].membrane - self.silent[lag].membrane

    def slopes(self) -> tuple[float, float]:
        """Return d(membrane after)/d(membrane before) with the spike, held fixed, and without it.

        Where no state is the membrane, d(membrane after)/d(input).
        """
        step, lag = NUDGE * self.scale, self.lag or 0
        found = []
        for value, base, by in (
            (self.crossing.firing, self.firing, step),
            (self.crossing.silent, self.silent, -step),
        ):
            moved = (
                self._run(value, shift=by)
                if self.parts
                else self._run(value * (1 + NUDGE * (by > 0) - NUDGE * (by < 0)))
            )
            found.append((moved[lag].membrane - base[lag].membrane) / by)
        return found[0], found[1]

    def gradients(self) -> tuple[float, float]:
        """Return d(membrane after)/dx by autograd, and by a difference with the spike held fixed."""
        lag, value = self.lag or 0, self.crossing.firing
        x = torch.tensor(value, dtype=torch.float64, requires_grad=True)
        traced = self._run(x)[lag].traced
        (gradient,) = torch.autograd.grad(traced, x, allow_unused=True) if traced.requires_grad else (None,)
        moved = self._run(value * (1 + NUDGE))[lag].traced
        fixed = float((moved - traced).detach()) / (value * NUDGE)
        return 0.0 if gradient is None else float(gradient), fixed

    def kind(self) -> tuple[set[ResetKind] | None, str]:
        """Return which kinds of reset fit what is seen, None if that cannot be told.

        With them comes what is seen, in words.
        """
        if self.lag is None:
            return {"none"}, "a spike changes nothing in the two steps after it"
        (slope, plain), level, theta = self.slopes(), self.firing[self.lag].membrane, self.silent[0].membrane
        seen = f"a spike at membrane {theta:.6g} moves it by {self.jump(self.lag):.6g}, to {level:.6g}"
        if abs(plain) <= TOLERANCE:
            return None, f"{seen}, and its membrane does not remember: kinds of reset look the same"
        if abs(slope) <= SLOPE_TOLERANCE * abs(plain):
            zero = self._near(level, *self._without(theta))
            return {"zero" if zero else "value"}, f"{seen}, wherever it was before"
        if abs(slope - plain) > SLOPE_TOLERANCE * abs(plain):
            return set(), f"{seen}, and scales what was there by {slope / plain:.6g}"
        return self._taken_off(theta, seen)

    def _taken_off(self, theta: float, seen: str) -> tuple[set[ResetKind] | None, str]:
        """Return the same for a spike that shifts the membrane."""
        lag = self.lag or 0
        plain = self.silent[lag].membrane - theta
        if self._near(self.firing[lag].membrane, plain, *self._without(theta)[1:]):
            return {"subtract"}, f"{seen}: the threshold is taken off"
        if self._others_change(lag):
            return None, f"{seen}, and changes another state: how far the threshold is cannot be told"
        if self.subject.claims.spike == "multi":
            return None, f"{seen}; where a spike may have several sizes, that may be its size's worth"
        return set(), f"{seen}, which is not by the threshold"

    def _others_change(self, lag: int) -> bool:
        """Return whether the spike changes a state that is no part of the membrane."""
        pairs = zip(self.silent[lag].state, self.firing[lag].state, strict=True)
        gaps = [float((b - a).detach().abs().max()) for a, b in pairs]
        return any(gap > TOLERANCE * self.scale for i, gap in enumerate(gaps) if i not in self.parts)

    def _without(self, theta: float) -> tuple[float, ...]:
        """Return 0; a step later, also what the step makes of a membrane that θ was taken off."""
        if self.lag and self.parts:
            return 0.0, self._run(self.crossing.silent, removed=theta)[1].membrane
        return (0.0,)

    def _near(self, value: float, *candidates: float) -> bool:
        return any(abs(value - one) <= 10 * TOLERANCE * self.scale for one in candidates)

    def _run(self, value: float | Tensor, shift: float = 0.0, removed: float = 0.0) -> list[Moment]:
        """Return the two moments under an impulse of ``value``.

        Args:
            value: The impulse.
            shift: Added to the membrane before the step of the spike.
            removed: Taken off the membrane after the step of the spike.
        """
        x = impulse(0.0, self.crossing.step + len(LAGS))
        x = torch.cat([torch.as_tensor(value, dtype=x.dtype).view(1, 1, 1), x[1:]])
        state, moments = self.neuron.initial_state(x[0]), []
        for t, x_t in enumerate(x):
            if t == self.crossing.step:
                state = self._shifted(state, shift)
            if t == self.crossing.step + 1:
                state = self._shifted(state, -removed)
            asked: list[Tensor] = []

            def rule(z: Tensor, spikes: Tensor, asked: list[Tensor] = asked) -> Tensor:
                asked.append(z.clone())
                return spikes

            with replacing_spikes(rule):
                output, state = self.neuron.step(x_t, state)
            if t >= self.crossing.step:
                moments.append(self._moment(output.detach(), state, asked))
        return moments

    def _moment(self, output: Tensor, state: State, asked: list[Tensor]) -> Moment:
        if self.parts:
            membrane = torch.stack([state[i].sum() for i in self.parts]).sum()
            return Moment(output, state, float(membrane.detach()), membrane)
        if not asked:
            raise Undecided(
                "its membrane cannot be seen: no state is named 'membrane', and it does not spike through "
                "the surrogate that it is given"
            )
        every = torch.stack([(i + 1) * part.sum() for i, part in enumerate(state)]).sum()
        return Moment(output, state, float(asked[-1].sum()) - self.rest, every)

    def _shifted(self, state: State, by: float) -> State:
        if not self.parts or not by:
            return state
        first = self.parts[0]
        return tuple(part + by if i == first else part for i, part in enumerate(state))


@torch.no_grad()
def _uncoupled(neuron: Neuron, crossing: Crossing) -> Neuron:
    """Return ``neuron`` without the matrices that its spikes go through.

    The reset is what is left of a spike.

    Until it first fires its outputs are 0: a matrix that then matters is one of its input or its state.
    """
    quiet = impulse(crossing.silent, crossing.step + 1)
    before = walk(neuron, quiet)
    for parameter in neuron.parameters():
        if parameter.ndim > 1:
            weights = parameter.clone()
            parameter.zero_()
            if not _same(walk(neuron, quiet), before):
                parameter.copy_(weights)
    return neuron


def _same(one: list[tuple[Tensor, State]], other: list[tuple[Tensor, State]]) -> bool:
    pairs = zip(one, other, strict=True)
    return all(torch.equal(p, q) for a, b in pairs for p, q in zip(a[1], b[1], strict=True))
