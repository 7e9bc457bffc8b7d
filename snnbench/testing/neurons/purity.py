"""Probe whether a step is pure: the same arguments give the same result, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

from snnbench.core import torch_private
from snnbench.core.eager import State
from snnbench.core.neuron import Neuron
from snnbench.testing.casebook import Probe
from snnbench.testing.neurons.subject import MODES, Subject
from snnbench.testing.outcomes import Violation
from snnbench.testing.rng import no_global_draws
from snnbench.testing.search import falsify, show


def repeatable(subject: Subject) -> None:
    """Take the same step twice."""

    def check(x: Tensor, mode: str) -> None:
        neuron, state = _warmed(subject, x, mode)
        first, second = (_flat(neuron.step(x[-1], state)) for _ in range(2))
        if not _same(first, second):
            raise Violation(
                f"in {mode} mode two calls of step with the same arguments give different results",
                smallest=f"{show(x)}, the last step twice",
                hint="state goes in and out of step; noise is a function of a seed and of the arguments",
            )

    _falsify(subject, check)


def hidden(subject: Subject) -> None:
    """Take another step between two equal ones."""

    def check(x: Tensor, mode: str) -> None:
        neuron, state = _warmed(subject, x, mode)
        first = _flat(neuron.step(x[-1], state))
        neuron.step(1 - x[-1], tuple(part + 1 for part in state))
        if not _same(first, _flat(neuron.step(x[-1], state))):
            raise Violation(
                f"in {mode} mode a step changes what a later one gives: something is kept in the module",
                smallest=f"{show(x)}, the last step, then one with other arguments, then it again",
                hint="move what is kept into the state tuple",
            )

    _falsify(subject, check)


def untouched(subject: Subject) -> None:
    """Return what is handed to step and to forward."""

    def check(x: Tensor, mode: str) -> None:
        neuron, state = _warmed(subject, x, mode)
        calls: tuple[tuple[str, Callable[[Tensor, State], object], Tensor], ...] = (
            ("step", neuron.step, x[-1]),
            ("forward", neuron, x),
        )
        for doing, call, first in calls:
            given = first.clone(), *(part.detach().clone() for part in state)
            name = _written(call, given, ("x_t" if doing == "step" else "x", *neuron.states))
            if name:
                raise Violation(
                    f"in {mode} mode {doing} writes into its argument {name!r}",
                    smallest=show(x),
                    hint="replace in-place operations (+=, mul_, x[...] =) by ones that give a new tensor",
                )

    _falsify(subject, check)


def _written(call: Callable[[Tensor, State], object], given: State, names: tuple[str, ...]) -> str | None:
    """Return which of the tensors ``given`` the call writes into, by name; None if it leaves them alone."""
    handed = tuple(part.clone() for part in given)
    versions = list(map(torch_private.version, handed))
    with torch.no_grad():
        call(handed[0], handed[1:])
    for name, was, now, version in zip(names, given, handed, versions, strict=False):
        if torch_private.version(now) != version or not torch.equal(was, now):
            return name
    return None


def kept(subject: Subject) -> None:
    """Check that a step leaves parameters and buffers alone."""
    for mode, training in MODES.items():
        neuron, x = subject.make((2,)).train(training), subject.drive(4, (2,))
        before = {name: value.clone() for name, value in neuron.state_dict().items()}
        neuron(x)
        for name, value in neuron.state_dict().items():
            if name not in before or not torch.equal(value, before[name]):
                raise Violation(
                    f"in {mode} mode a forward changes the buffer or parameter {name!r}",
                    smallest=show(x),
                    hint="what changes over time belongs into the state tuple",
                )


def unseeded(subject: Subject) -> None:
    """Check that it leaves the global generators of torch, numpy and Python alone."""
    x = subject.drive(4, (2,))
    with no_global_draws("making it"):
        neuron, again = subject.make((2,)), subject.make((2,))
    if not all(map(torch.equal, neuron.parameters(), again.parameters())):
        raise Violation("the same generator gives other parameters", hint="draw them from it alone")
    for mode, training in MODES.items():
        with no_global_draws(f"a forward in {mode} mode", show(x)):
            neuron.train(training)(x)


def _falsify(subject: Subject, check: Callable[[Tensor, str], None]) -> None:
    """Look for a sequence that breaks the claim in either mode."""

    def in_each_mode(x: Tensor) -> None:
        for mode in MODES:
            check(x, mode)

    falsify(in_each_mode, subject.unit, subject.examples)


def _warmed(subject: Subject, x: Tensor, mode: str) -> tuple[Neuron, State]:
    """Return the neuron, and its state before the last step of ``x``."""
    neuron = subject.make((x.shape[2],)).train(MODES[mode])
    state = neuron.initial_state(x[0])
    for x_t in x[:-1]:
        _, state = neuron.step(x_t, state)
    return neuron, state


def _flat(result: tuple[Tensor, State]) -> State:
    return (result[0], *result[1])


def _same(one: State, other: State) -> bool:
    return all(torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in zip(one, other, strict=True))


PROBES: Final = (
    Probe("pure[arguments]", "that nothing it is given is written into", untouched),
    Probe("pure[repeatable]", "that a step gives the same for the same arguments", repeatable),
    Probe("pure[hidden]", "that all state is in the state tuple", hidden),
    Probe("pure[buffers]", "that a forward changes no buffer or parameter", kept),
    Probe("pure[random]", "that no global random number is drawn", unseeded),
)
