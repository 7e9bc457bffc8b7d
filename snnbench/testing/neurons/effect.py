"""Probe whether each parameter of a neuron does something."""

from __future__ import annotations

from typing import Final

import torch

from snnbench.errors import UsageError
from snnbench.records import Params
from snnbench.testing.casebook import Probe
from snnbench.testing.effect import Behaviour, check_effects
from snnbench.testing.neurons.subject import MODES, Subject
from snnbench.testing.outcomes import Undecided

STEPS: Final = 24
SHAPES: Final = ((2,), (1, 3, 3))
"""A convolution's kernel matters in space alone."""


def effect(subject: Subject) -> None:
    """Check that every parameter matters, at other values than its default."""

    def behaviour(params: Params) -> Behaviour | None:
        found = tuple(_behaviour(subject, params, shape) for shape in SHAPES)
        return found if any(found) else None

    check_effects(subject.spec, behaviour)


def _behaviour(subject: Subject, params: Params, shape: tuple[int, ...]) -> Behaviour | None:
    """Return the outputs, states and gradients in both modes; None where it cannot be built or run."""
    found: list[object] = []
    x = subject.drive(STEPS, shape)
    x = x * torch.linspace(0.5, 4, STEPS, dtype=torch.float64).view(-1, *[1] * (x.ndim - 1))
    try:
        neuron = Subject(subject.spec, params, subject.beside).make(shape)
        found.append(neuron.leak_exponent())
        for training in MODES.values():
            current = x.clone().requires_grad_()
            y, state = neuron.train(training)(current)
            found += [part.detach().numpy().tobytes() for part in (y, *state)]
            found += [(name, one.shape, one.requires_grad) for name, one in neuron.named_parameters()]
            found += [(name, one.shape) for name, one in neuron.named_buffers()]
            if y.requires_grad:
                sources = [current, *(one for one in neuron.parameters() if one.requires_grad)]
                gradients = torch.autograd.grad((y * x.sin()).sum(), sources, materialize_grads=True)
                found += [one.numpy().tobytes() for one in gradients]
    except (Undecided, UsageError, ValueError, RuntimeError):
        return None
    return tuple(found)


PROBES: Final = (
    Probe("spec[effect]", "that each of its parameters does something", effect, each=False, slow=True),
)
