"""Whether each parameter of a neuron does something."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from snnbench.errors import UsageError
from snnbench.records import Params
from snnbench.testing.casebook import Probe
from snnbench.testing.effect import Behaviour, check_effects
from snnbench.testing.neurons.subject import MODES, Subject
from snnbench.testing.outcomes import Undecided

STEPS: Final = 24


def effect(subject: Subject) -> None:
    """Every parameter, at other values than its default."""
    x = subject.drive(STEPS, (2,)) * torch.linspace(0.5, 4, STEPS, dtype=torch.float64).view(-1, 1, 1)
    check_effects(subject.spec, lambda params: _behaviour(subject, params, x))


def _behaviour(subject: Subject, params: Params, x: Tensor) -> Behaviour | None:
    """Outputs, states and gradients in both modes; None where it cannot be built or run."""
    found: list[object] = []
    try:
        neuron = Subject(subject.spec, params, subject.beside).make((2,))
        found.append(neuron.leak_exponent())
        for training in MODES.values():
            current = x.clone().requires_grad_()
            y, state = neuron.train(training)(current)
            found += [part.detach().numpy().tobytes() for part in (y, *state)]
            found += [name for name, one in neuron.named_parameters() if one.requires_grad]
            if y.requires_grad:
                (gradient,) = torch.autograd.grad((y * x.sin()).sum(), current, materialize_grads=True)
                found.append(gradient.numpy().tobytes())
    except (Undecided, UsageError, ValueError, RuntimeError):
        return None
    return tuple(found)


PROBES: Final = (Probe("spec[effect]", "that each of its parameters does something", effect, each=False),)
