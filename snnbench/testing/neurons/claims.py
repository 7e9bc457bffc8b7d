"""Probe whether a neuron's claims about its output are true: spike, recurrence, causality."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor

from snnbench.testing.casebook import Probe
from snnbench.testing.neurons.crossing import walk
from snnbench.testing.neurons.subject import Subject
from snnbench.testing.outcomes import Undecided, Violation
from snnbench.testing.search import falsify, show

STEPS: Final = 8
STRONGEST: Final = 8
"""Binary logarithm of the strongest input, in units."""
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
    if kind in ("ternary", "multi"):
        _takes_them_all(subject, seen)
    if kind in ("graded", "none") and whole:
        raise Violation(
            f"it says spike={kind!r}, but every output was one of {sorted(seen)}",
            smallest=f"any; 1 to 8 steps of −2 … 2 times {subject.unit:g}",
            hint='spike="binary", "ternary" or "multi" would be true',
        )


def _takes_them_all(subject: Subject, seen: set[float]) -> None:
    """Check that it takes the values of its kind, under strong inputs and after training."""
    strengths = torch.tensor([sign * 2.0**i for i in range(STRONGEST + 1) for sign in (1, -1)])
    x = subject.unit * strengths.double().view(1, -1, 1).expand(STEPS, -1, 1)
    neuron, values = subject.make(), set(seen)
    for _ in range(2):
        values.update(neuron(x)[0].detach().unique().tolist())
        with torch.no_grad():
            for parameter in filter(lambda one: one.requires_grad, neuron.parameters()):
                parameter.mul_(2)
    kind, lacking = subject.claims.spike, "−1" if subject.claims.spike == "ternary" else "beyond ±1"
    if not (-1.0 in values if kind == "ternary" else any(abs(value) > 1 for value in values)):
        lesser = "ternary" if -1.0 in values else "binary"
        raise Violation(
            f"it says spike={kind!r}, but no output was {lacking}",
            smallest=f"any; {STEPS} steps of ±1 … ±{2**STRONGEST} times {subject.unit:g}",
            hint=f"spike={lesser!r} would be true",
        )


def _may_be(value: float, kind: str) -> bool:
    if kind in VALUES:
        return value in VALUES[kind]
    return kind in ("graded", "none") or value == round(value)


def recurrent(subject: Subject) -> None:
    """Check whether units read each other's output."""
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
    """Return whether the output waits for its input."""
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
    Probe("claim[spike]", "what a spike is by its spec", spike),
    Probe("claim[recurrent]", "whether units read each other by its spec", recurrent),
    Probe("claim[causal]", "causality by its spec", causal),
)
