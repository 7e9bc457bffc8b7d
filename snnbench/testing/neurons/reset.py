"""Whether a neuron resets as it says, and leaks as it says.

A neuron runs twice: under the strongest input that leaves it silent and under the next float, which
makes it fire. Whatever then differs between the two by more than rounding, the spike has done.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from snnbench.errors import UsageError
from snnbench.testing.casebook import Probe
from snnbench.testing.neurons.aftermath import Aftermath
from snnbench.testing.neurons.crossing import walk
from snnbench.testing.neurons.subject import Subject
from snnbench.testing.outcomes import Undecided, Violation

STEPS: Final = 300
NUDGE: Final = 1e-6
SMALL: Final = 1e-6
LEAK_TOLERANCE: Final = 0.02
"""nats a step: a rotation of the state adds up to ln(condition)/150."""


def reset(subject: Subject) -> None:
    """What a spike does to the membrane."""
    after = Aftermath(subject)
    found, why = after.kind()
    said = subject.claims.reset
    if found is None:
        raise Undecided(why)
    if said == "value" and found == {"zero"} and _follows_a_parameter(subject):
        return
    if said == "other" and not found:
        return
    if said not in found:
        true = f"reset={next(iter(found))!r} would be true" if found else "no kind of reset does that"
        raise Violation(f"it says reset={said!r}, but {why}", smallest=after.input, hint=true)


def _follows_a_parameter(subject: Subject) -> bool:
    """Whether the value that a spike resets to, 0, is that of a parameter."""
    for name, param in subject.spec.params.items():
        if type(param.default) is float and param.default == 0:
            moved = Subject(subject.spec, (*subject.params, (name, -0.25)), subject.beside)
            try:
                if Aftermath(moved).kind()[0] == {"value"}:
                    return True
            except (Undecided, UsageError):
                continue
    return False


def reset_delay(subject: Subject) -> None:
    """Whether the reset acts in the step after the spike."""
    after = _resetting(subject)
    if after.lag is None:
        raise Undecided("its membrane was not seen to be reset within two steps of a spike")
    if bool(after.lag) != subject.claims.reset_delay:
        when = "in the step after the spike" if after.lag else "in the step of the spike"
        raise Violation(
            f"it says reset_delay={subject.claims.reset_delay}, but the membrane is reset {when}",
            smallest=after.input,
            hint=f"reset_delay={bool(after.lag)} would be true",
        )


def reset_detached(subject: Subject) -> None:
    """Whether a gradient flows through the reset."""
    after = _resetting(subject)
    if after.lag is None:
        raise Undecided("its membrane was not seen to be reset within two steps of a spike")
    gradient, frozen = after.gradients()
    detached = abs(gradient - frozen) <= 1e-3 * max(abs(gradient), abs(frozen), SMALL)
    if not detached and after.adapts:
        raise Undecided("a gradient flows from the spike, but that may be through its adaptation")
    if detached != subject.claims.reset_detached:
        raise Violation(
            f"it says reset_detached={subject.claims.reset_detached}, but d(membrane after the reset)/dx is "
            f"{gradient:.6g} by autograd and {frozen:.6g} with the spike held fixed",
            smallest=after.input,
            hint=f"reset_detached={detached} would be true",
        )


def _resetting(subject: Subject) -> Aftermath:
    """The aftermath of a spike, of a neuron that says it resets."""
    if subject.claims.reset == "none":
        subject.need_crossing()
        raise Undecided("it says that nothing is reset")
    return Aftermath(subject)


@torch.no_grad()
def leak_exponent(subject: Subject) -> None:
    """How fast a nudge of the state fades at rest, spikes frozen."""
    neuron = subject.make((3,))
    said = neuron.leak_exponent()
    if said is None:
        raise Undecided("it gives none")
    grown = _growth(subject)
    if not (grown == said or abs(grown - said) <= LEAK_TOLERANCE):
        raise Violation(
            f"leak_exponent() is {said:.6g} nats a step, but a nudge of the state changes by {grown:.6g}",
            smallest=f"no input for {STEPS} steps, every state moved by {NUDGE:g} at the start",
            hint="it is the logarithm of the slowest decay; None where there is no closed form",
        )


def _growth(subject: Subject) -> float:
    """Mean log growth of a small difference over the second half of a silent run, nats a step.

    The two runs are two samples of one batch, the second moved back to ``NUDGE`` of the first at each step.
    """
    neuron, x = subject.make((3,)), torch.zeros(1, 2, 3, dtype=torch.float64)
    state, total = neuron.initial_state(x[0]), 0.0
    generator = torch.Generator().manual_seed(2)
    gaps = [torch.rand(part[0].shape, generator=generator, dtype=torch.float64) for part in state]
    for t in range(STEPS):
        size = _norm(gaps)
        if size == 0:
            return -math.inf
        total += math.log(size / NUDGE) if t > STEPS // 2 else 0
        state = tuple(
            torch.stack([part[0], part[0] + gap * (NUDGE / size)])
            for part, gap in zip(state, gaps, strict=True)
        )
        ((y, state),) = walk(neuron, x, state)
        if subject.spikes and bool((y != 0).any()):
            raise Undecided("it fires at rest")
        gaps = [part[1] - part[0] for part in state]
    return total / (STEPS - STEPS // 2 - 1)


def _norm(parts: list[Tensor]) -> float:
    return math.sqrt(sum(float(part.square().sum()) for part in parts))


PROBES: Final = (
    Probe("claim[reset]", "what a spike does to the membrane by its spec", reset),
    Probe("claim[reset_delay]", "when the reset acts by its spec", reset_delay),
    Probe("claim[reset_detached]", "whether gradients flow through the reset by its spec", reset_detached),
    Probe("claim[leak_exponent]", "its own leak_exponent()", leak_exponent),
)
