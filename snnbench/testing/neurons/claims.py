"""Whether a neuron's claims about its output are true: threshold, spike, recurrence, causality."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor

from snnbench.components.surrogates.atan import ATan
from snnbench.plugin.specs import ThresholdRule
from snnbench.records import Value
from snnbench.testing.casebook import Probe
from snnbench.testing.neurons.crossing import Crossing, find_crossing, impulse, walk
from snnbench.testing.neurons.subject import Subject
from snnbench.testing.outcomes import Undecided, Violation
from snnbench.testing.search import falsify, show

ROUND: Final = 20
"""Trailing zero bits that a number has by chance once in a million."""


def threshold(subject: Subject) -> None:
    """``>`` or ``>=``: what happens where the membrane is exactly at threshold."""
    subject.need_crossing()
    signs = (1, -1) if subject.claims.spike == "ternary" else (1,)
    for sign in signs:
        rule, value, why = _rule(subject, sign)
        if rule != subject.claims.threshold:
            does = "is silent" if rule == ">" else "fires"
            raise Violation(
                f"it says {subject.claims.threshold!r}, but {does} with its membrane exactly at threshold",
                smallest=f"from rest, x[0] = {value!r}, features=(1,), float64 ({why})",
                hint=f'threshold="{rule}" in its NeuronSpec would be true',
            )


def _rule(subject: Subject, sign: int) -> tuple[ThresholdRule, float, str]:
    """The rule, an input that takes the membrane exactly to threshold, and how that is known."""
    for others in (_powers_of_two(subject), {}):
        try:
            neuron = subject.make(others=others)
        except Undecided:
            continue
        crossing = find_crossing(neuron, sign)
        if crossing is None:
            continue
        if (rule := _by_round_number(crossing)) is not None:
            at = crossing.silent if rule == ">" else crossing.firing
            given = ", ".join(f"{name}={value}" for name, value in others.items())
            return rule, at, f"with {given}: all exact" if given else "all exact"
        if (rule := _by_surrogate(subject, crossing, others)) is not None:
            return rule, crossing.firing, "its surrogate asked at this membrane with threshold 0 moved to it"
    raise Undecided("no input could be found that takes its membrane exactly to threshold")


def _powers_of_two(subject: Subject) -> dict[str, Value]:
    """Its real parameters rounded down to powers of two, where those are allowed: products are exact."""
    rounded: dict[str, Value] = {}
    for name, param in subject.spec.params.items():
        if isinstance(param.default, float) and param.default != 0:
            value = math.copysign(2.0 ** math.floor(math.log2(abs(param.default))), param.default)
            if (param.low is None or value >= param.low) and (param.high is None or value <= param.high):
                rounded[name] = value
    return rounded


def _by_round_number(crossing: Crossing) -> ThresholdRule | None:
    """The rule, if one of the two inputs is a round number in binary: that one is at threshold."""
    silent, firing = _zero_bits(crossing.silent), _zero_bits(crossing.firing)
    if max(silent, firing) < ROUND:
        return None
    return ">" if silent > firing else ">="


def _zero_bits(value: float) -> int:
    """Trailing zero bits of the 53 of ``value``."""
    mantissa = int(abs(math.frexp(value)[0]) * 2**53)
    return 53 if mantissa == 0 else (mantissa & -mantissa).bit_length() - 1


def _by_surrogate(subject: Subject, crossing: Crossing, others: Mapping[str, Value]) -> ThresholdRule | None:
    """The rule, if its spikes are those of the surrogate that it is given.

    That one's threshold is moved to where it is asked by the weakest input that fires.
    """
    asked = []
    for value in (crossing.silent, crossing.firing):
        surrogate = Movable()
        walk(subject.make(others=others, surrogate=surrogate), impulse(value, crossing.step + 1))
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
        self.asked.append(float(z))
        return (z > threshold).to(z.dtype)


VALUES: Final[Mapping[str, frozenset[float]]] = {
    "binary": frozenset({0.0, 1.0}),
    "ternary": frozenset({-1.0, 0.0, 1.0}),
}


def spike(subject: Subject) -> None:
    """The values that an output takes."""
    kind, seen = subject.claims.spike, set[float]()

    def check(x: Tensor) -> None:
        y = subject.make((x.shape[2],))(x)[0].detach()
        seen.update(y.unique().tolist())
        wrong = [value for value in y.unique().tolist() if not _may_be(value, kind)]
        if wrong:
            raise Violation(f"it says spike={kind!r}, but an output is {wrong[0]!r}", smallest=show(x))

    falsify(check, subject.unit, subject.examples)
    whole = all(value == round(value) for value in seen)
    if seen <= {0.0}:
        raise Undecided("its output was 0 under every input that was tried")
    if kind in ("graded", "none") and whole:
        raise Violation(
            f"it says spike={kind!r}, but every output was one of {sorted(seen)}",
            smallest=f"any; 1 to 8 steps of −2 … 2 times {subject.unit:g}",
            hint='spike="binary", "ternary" or "multi" would be true',
        )


def _may_be(value: float, kind: str) -> bool:
    if kind in VALUES:
        return value in VALUES[kind]
    return kind in ("graded", "none") or value == round(value)


def recurrent(subject: Subject) -> None:
    """Whether units read each other's output."""
    steps, width = 6, 3
    neuron = subject.make((width,))
    quiet = torch.full((steps, 1, width), 0.375 * subject.unit, dtype=torch.float64)
    driven = quiet.clone()
    driven[:, :, 0] = 4 * subject.unit
    for t, (one, other) in enumerate(zip(walk(neuron, quiet), walk(neuron, driven), strict=True)):
        parts = zip((one[0], *one[1]), (other[0], *other[1]), strict=True)
        coupled = any(a.shape[-1] == width and not torch.equal(a[..., 1:], b[..., 1:]) for a, b in parts)
        if coupled and not subject.claims.recurrent:
            raise Violation(
                "it says recurrent=False, but the input of unit 0 changes another unit",
                smallest=f"x = {0.375 * subject.unit:g} for 3 units and {t + 1} steps, against "
                f"{4 * subject.unit:g} for unit 0",
                hint="recurrent=True would be true",
            )
        if coupled:
            return
    if subject.claims.recurrent:
        raise Undecided(
            "its units do not change each other at these parameters, and a unit that reads its own "
            "output cannot be told from one that remembers"
        )


def causal(subject: Subject) -> None:
    """Whether the output waits for its input."""
    neuron, x = subject.make((2,)), subject.drive(6, (2,))
    for cut in range(1, len(x)):
        later = x.clone()
        later[cut:] = -x[cut:] + subject.unit
        changed = not torch.allclose(neuron(x)[0][:cut], neuron(later)[0][:cut])
        if changed and subject.claims.causal:
            raise Violation(
                f"it says causal=True, but the output of the first {cut} steps depends on later input",
                smallest=f"{show(x[: cut + 1])}, with x[{cut}] changed",
                hint="causal=False would be true",
            )
        if changed:
            return
    if not subject.claims.causal:
        raise Undecided("it says causal=False, but no output was seen to depend on later input")


PROBES: Final = (
    Probe("claim[threshold]", "the threshold rule of its spec", threshold),
    Probe("claim[spike]", "what a spike is by its spec", spike),
    Probe("claim[recurrent]", "whether units read each other by its spec", recurrent),
    Probe("claim[causal]", "causality by its spec", causal),
)
