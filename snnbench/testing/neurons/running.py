"""Probe whether a run over time is the sum of its steps, and a batch the sum of its samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

from snnbench.core.eager import State
from snnbench.core.neuron import Neuron
from snnbench.testing.casebook import Probe
from snnbench.testing.neurons.crossing import walk
from snnbench.testing.neurons.subject import MODES, Subject
from snnbench.testing.outcomes import Undecided, Violation
from snnbench.testing.search import falsify, show

CLOSE: Final = 1e-9
"""Products of another shape may round otherwise."""


def steps(subject: Subject) -> None:
    """Compare ``forward`` with a loop over ``step``."""

    def check(x: Tensor, neuron: Neuron, mode: str) -> None:
        whole, last = neuron(x)
        walked = walk(neuron, x)
        looped = torch.stack([y for y, _ in walked])
        if not close(whole, looped):
            text = f"in {mode} mode forward is not the loop over step: {_apart(whole, looped)}"
            raise Violation(text, smallest=show(x))
        if not _all_close(last, walked[-1][1]):
            text = f"in {mode} mode forward's last state is not that of the loop over step"
            raise Violation(text, smallest=show(x))

    _falsify(subject, check)


def split(subject: Subject) -> None:
    """Compare a sequence in two parts with the whole."""

    def check(x: Tensor) -> None:
        neuron = subject.make((x.shape[2],))
        whole, last = neuron(x)
        for cut in sorted({1, len(x) // 2, len(x) - 1} - {0, len(x)}):
            first, middle = neuron(x[:cut])
            second, end = neuron(x[cut:], middle)
            if not close(whole, torch.cat([first, second])) or not _all_close(last, end):
                raise Violation(
                    f"a sequence cut after step {cut}, its state handed on, is not the whole",
                    smallest=show(x),
                    hint="forward must start from the state it is given and return all that goes on",
                )

    falsify(check, subject.unit, subject.examples)


def one_step(subject: Subject) -> None:
    """Check a sequence of a single step, and its shapes."""
    neuron, x = subject.make((2,)), subject.drive(1, (2,), batch=1)
    y, state = neuron(x)
    if y.shape != x.shape:
        raise Violation(f"for x of shape {list(x.shape)} the output has {list(y.shape)}", smallest=show(x))
    fresh = neuron.initial_state(x[0])
    shapes = [tuple(part.shape) for part in fresh], [tuple(part.shape) for part in state]
    if shapes[0] != shapes[1]:
        raise Violation(f"states of shapes {shapes[0]} have {shapes[1]} after one step", smallest=show(x))


def shapes(subject: Subject) -> None:
    """Check features of one, two and three axes."""
    tried = 0
    for features in ((3,), (2, 3), (2, 3, 4)):
        try:
            neuron = subject.make(features)
        except Undecided:
            continue
        tried += 1
        x = subject.drive(3, features)
        y, state = neuron(x)
        if y.shape != x.shape:
            raise Violation(f"features={features}: x {list(x.shape)} gives outputs {list(y.shape)}")
        for name, part in zip(neuron.states, state, strict=False):
            if part.shape[:1] != x.shape[1:2]:
                raise Violation(
                    f"features={features}: state {name!r} {list(part.shape)} has not the batch as first axis"
                )
    if not tried:
        raise Undecided("it takes no features of one, two or three axes")


def independent(subject: Subject) -> None:
    """Run samples alone, in another order, and in a batch of another size."""

    def check(x: Tensor, neuron: Neuron, mode: str) -> None:
        whole, state = neuron(x)
        order = torch.arange(x.shape[1]).flip(0)
        for index in (order, *(torch.tensor([i]) for i in order.tolist())):
            part, part_state = neuron(x[:, index])
            if not close(part, whole[:, index]) or not _all_close(part_state, [s[index] for s in state]):
                raise Violation(
                    f"in {mode} mode samples {index.tolist()} alone give another result than within a batch "
                    f"of {x.shape[1]}",
                    smallest=show(x),
                    hint="nothing may be summed, averaged or normalised over the batch",
                )

    _falsify(subject, check, batch=2)


def contained(subject: Subject) -> None:
    """One sample that is not a number."""
    x, others = subject.drive(4, (2,), batch=3), torch.tensor([0, 2])
    broken = x.clone()
    broken[:, 1] = torch.nan
    for mode, training in MODES.items():
        neuron = subject.make((2,)).train(training)
        whole, _ = neuron(x)
        y, state = neuron(broken)
        spread = any(bool(part[others].isnan().any()) for part in state)
        if spread or not close(y[:, others], whole[:, others]):
            raise Violation(
                f"in {mode} mode a sample that is NaN changes the others of its batch",
                smallest=f"{show(x)} with x[:, 1] = nan",
                hint="nothing may be summed, averaged or normalised over the batch",
            )


def _falsify(subject: Subject, check: Callable[[Tensor, Neuron, str], None], batch: int = 1) -> None:
    """Look for a sequence that breaks the claim in either mode."""

    def in_each_mode(x: Tensor) -> None:
        for mode, training in MODES.items():
            check(x, subject.make((x.shape[2],)).train(training), mode)

    falsify(in_each_mode, subject.unit, subject.examples, batch=batch)


def close(one: Tensor, other: Tensor) -> bool:
    """Return whether the two agree but for rounding."""
    return one.shape == other.shape and torch.allclose(one, other, rtol=CLOSE, atol=CLOSE, equal_nan=True)


def _all_close(one: State, other: State | list[Tensor]) -> bool:
    return len(one) == len(other) and all(close(a, b) for a, b in zip(one, other, strict=True))


def _apart(one: Tensor, other: Tensor) -> str:
    if one.shape != other.shape:
        return f"its outputs have shape {list(one.shape)}, not {list(other.shape)}"
    t = int((one != other).flatten(1).any(1).nonzero()[0])
    return f"at step {t} it gives {one[t].tolist()}, the loop {other[t].tolist()}"


PROBES: Final = (
    Probe("run[steps]", "that forward is the loop over step", steps),
    Probe("run[split]", "that a sequence can be cut and continued", split),
    Probe("run[one_step]", "that one step keeps shapes", one_step),
    Probe("run[shapes]", "that features may have several axes", shapes),
    Probe("batch[independent]", "that samples of a batch are independent", independent),
    Probe("batch[nan]", "that a bad sample harms no other", contained),
)
