"""Probe whether a neuron is silent, or fires, where its membrane is exactly at threshold."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

import torch
from torch import Tensor

from snnbench.components.surrogates.atan import ATan
from snnbench.core.neuron import Neuron
from snnbench.core.surrogate import replacing_spikes
from snnbench.plugin.claims import ThresholdRule
from snnbench.records import Value
from snnbench.testing.casebook import Probe
from snnbench.testing.neurons.crossing import Crossing, find_crossing, impulse, walk
from snnbench.testing.neurons.membrane import membranes
from snnbench.testing.neurons.subject import Subject
from snnbench.testing.outcomes import Undecided, Violation

ROUND: Final = 20
"""Trailing zero bits that a number has by chance once in a million."""
ODD: Final = math.pi / 4
"""Of a round input it makes one that is not."""


def threshold(subject: Subject) -> None:
    """Check whether it spikes where the membrane is exactly at threshold: ``>`` or ``>=``."""
    subject.need_crossing()
    for sign in (1, -1) if subject.claims.spike == "ternary" else (1,):
        crossings = list(_crossings(subject, sign))
        if sign < 0 and not crossings:
            continue  # claim[spike] says so
        rule, value, why = _rule(subject, crossings)
        if rule != subject.claims.threshold:
            does = "is silent" if rule == ">" else "fires"
            raise Violation(
                f"it says {subject.claims.threshold!r}, but {does} with its membrane exactly at threshold",
                smallest=f"from rest, x[0] = {value!r}, features=(1,), float64 ({why})",
                hint=f'threshold="{rule}" in its NeuronSpec would be true',
            )


def _crossings(subject: Subject, sign: int) -> Iterator[tuple[dict[str, Value], Neuron, Crossing]]:
    """Yield parameters, the neuron with them and where it starts to fire."""
    for others in (_powers_of_two(subject), {}):
        try:
            neuron = subject.make(others=others)
        except Undecided:
            continue
        crossing = find_crossing(neuron, sign)
        if crossing is not None:
            yield others, neuron, crossing


def _rule(
    subject: Subject, crossings: list[tuple[dict[str, Value], Neuron, Crossing]]
) -> tuple[ThresholdRule, float, str]:
    """Return the rule, an input that takes the membrane exactly to threshold, and how that is known."""
    for others, neuron, crossing in crossings:
        asked = _by_surrogate(subject, crossing, others)
        seen = _by_question(neuron, crossing) or _by_membrane(neuron, crossing)
        if seen is not None and asked in (None, seen):
            at = crossing.silent if seen == ">" else crossing.firing
            given = ", ".join(f"{name}={value}" for name, value in others.items())
            return seen, at, f"with {given}: all exact" if given else "all exact"
        if asked is not None:
            return asked, crossing.firing, "its surrogate asked at this membrane with threshold 0 moved to it"
    raise Undecided("no input could be found that takes its membrane exactly to threshold")


def _powers_of_two(subject: Subject) -> dict[str, Value]:
    """Return its real parameters rounded down to powers of two, where those are allowed.

    Their products are exact.
    """
    rounded: dict[str, Value] = {}
    for name, param in subject.spec.params.items():
        if isinstance(param.default, float) and param.default != 0:
            value = math.copysign(2.0 ** math.floor(math.log2(abs(param.default))), param.default)
            if (param.low is None or value >= param.low) and (param.high is None or value <= param.high):
                rounded[name] = value
    return rounded


@torch.no_grad()
def _by_question(neuron: Neuron, crossing: Crossing) -> ThresholdRule | None:
    """Return the rule, if any surrogate is asked at exactly 0 by one of the two inputs.

    That one is at threshold.
    """
    at_zero = []
    for value in (crossing.silent, crossing.firing):
        asked: list[bool] = []

        def rule(z: Tensor, spikes: Tensor, asked: list[bool] = asked) -> Tensor:
            asked.append(bool((z == 0).any()))
            return spikes

        with replacing_spikes(rule):
            walk(neuron, impulse(value, crossing.step + 1))
        at_zero.append(any(asked))
    if at_zero[0] == at_zero[1]:
        return None
    return ">" if at_zero[0] else ">="


@torch.no_grad()
def _by_membrane(neuron: Neuron, crossing: Crossing) -> ThresholdRule | None:
    """Return the rule, if one of the two membranes is a round number in binary: that one is at threshold.

    A membrane that may be reset by its spike is twice that of half the input, where that is seen to hold.
    A neuron that rounds all its membranes tells nothing.
    """
    parts = membranes(tuple(neuron.states))

    def membrane(value: float) -> float:
        _, state = walk(neuron, impulse(value, crossing.step + 1))[-1]
        return sum(float(state[i].sum()) for i in parts)

    if not parts or _zero_bits(membrane(ODD * crossing.silent)) >= ROUND:
        return None
    if _zero_bits(membrane(crossing.silent)) >= ROUND:
        return ">"
    half = membrane(crossing.firing / 2)
    return ">=" if half == 2 * membrane(crossing.firing / 4) and _zero_bits(half) >= ROUND else None


def _zero_bits(value: float) -> int:
    """Return the number of trailing zero bits of the 53 of ``value``."""
    mantissa = int(abs(math.frexp(value)[0]) * 2**53)
    return 53 if mantissa == 0 else (mantissa & -mantissa).bit_length() - 1


def _by_surrogate(subject: Subject, crossing: Crossing, others: Mapping[str, Value]) -> ThresholdRule | None:
    """Return the rule, if its spikes are those of the surrogate that it is given.

    That one's threshold is moved to where it is asked by the weakest input that fires.
    """
    asked = []
    for value in (crossing.silent, crossing.firing):
        surrogate = Movable()
        try:
            neuron = subject.make(others=others, surrogate=surrogate)
        except Undecided:
            return None  # it takes its library's own only
        walk(neuron, impulse(value, crossing.step + 1))
        asked.append(surrogate.asked)
    turned = [i for i, (a, b) in enumerate(zip(*asked, strict=True)) if (a > 0) != (b > 0)]
    if not turned:
        return None
    surrogate = Movable({turned[0]: asked[1][turned[0]]})
    neuron = subject.make(others=others, surrogate=surrogate)
    y, _ = walk(neuron, impulse(crossing.firing, crossing.step + 1))[-1]
    return ">=" if bool((y != 0).any()) else ">"


class Movable(ATan):
    """A strict step that keeps what it is asked about, and whose threshold can be moved for single calls.

    Args:
        thresholds: Number of a call, from 0, to the threshold there; 0 elsewhere.
    """

    def __init__(self, thresholds: Mapping[int, float] | None = None) -> None:
        super().__init__()
        self.thresholds = thresholds or {}
        self.asked: list[float] = []

    def forward(self, z: Tensor) -> Tensor:
        threshold = self.thresholds.get(len(self.asked), 0.0)
        self.asked.append(float(z) if z.numel() == 1 else math.nan)
        return (z > threshold).to(z.dtype)


PROBES: Final = (Probe("claim[threshold]", "the threshold rule of its spec", threshold),)
