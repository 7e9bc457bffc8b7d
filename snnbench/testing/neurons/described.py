"""Probe whether a neuron has the states and the ranges of parameters that its spec describes."""

from __future__ import annotations

from typing import Final

import torch

from snnbench.core.neuron import Neuron
from snnbench.errors import UsageError
from snnbench.testing.casebook import Probe
from snnbench.testing.neurons.subject import Subject
from snnbench.testing.outcomes import Undecided, Violation
from snnbench.testing.specs import at_limits, shown


def states(subject: Subject) -> None:
    """The names of the states against the state tuple."""
    neuron = subject.make((2,))
    found = neuron.initial_state(torch.zeros(3, 2, dtype=torch.float64))
    said, own = subject.spec.state_names(subject.params), tuple(neuron.states)
    if said != own and (said or own != Neuron.states):  # one state, the membrane, need not be named
        raise Violation(f"its spec names the states {said}, its class {own}", hint="give both the same tuple")
    if len(found) != len(neuron.states):
        raise Violation(
            f"it names the states {tuple(neuron.states)}, but initial_state gives {len(found)} tensors"
        )
    for name, part in zip(neuron.states, found, strict=True):
        if part.shape[:1] != (3,):
            raise Violation(f"the first axis of state {name!r} {list(part.shape)} is not the batch of 3")


def ranges(subject: Subject) -> None:
    """The ends of each parameter's range: it works there, or says why not."""
    for params in at_limits(subject.spec):
        x = subject.drive(4, (2,))
        try:
            y, state = Subject(subject.spec, params, subject.beside).make((2,))(x)
        except (Undecided, UsageError):
            continue  # refused in words
        except Exception as error:
            raise Violation(
                f"with {shown(params)} it fails: {type(error).__name__}: {error}",
                hint="give its Param low= and high=, or raise snnbench.errors.UsageError in the factory",
            ) from error
        if not all(bool(part.isfinite().all()) for part in (y, *state)):
            raise Violation(
                f"with {shown(params)}, which its spec allows, it is not finite after 4 steps",
                hint="give its Param low= and high=",
            )


PROBES: Final = (
    Probe("spec[states]", "the states of its spec", states),
    Probe("spec[ranges]", "the ranges of its parameters", ranges, each=False),
)
