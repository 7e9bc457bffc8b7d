"""Probe whether a neuron can be copied and sent to another process."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Final

import torch

from snnbench.core.neuron import Neuron
from snnbench.testing.casebook import Probe
from snnbench.testing.neurons.running import close
from snnbench.testing.neurons.subject import Subject
from snnbench.testing.outcomes import Violation
from snnbench.testing.search import show


def deepcopied(subject: Subject) -> None:
    """Check that it survives ``copy.deepcopy``."""
    _check(subject, copy.deepcopy, "copy.deepcopy")


def pickled(subject: Subject) -> None:
    """Check that it survives ``pickle``."""
    _check(subject, lambda neuron: pickle.loads(pickle.dumps(neuron)), "pickle")


def _check(subject: Subject, twin: Callable[[Neuron], Neuron], name: str) -> None:
    neuron, x = subject.make((2,)), subject.drive(4, (2,))
    expected, _ = neuron(x)
    try:
        again = twin(neuron)
    except Exception as error:
        raise Violation(
            f"{name} fails: {type(error).__name__}: {error}",
            hint="keep no lambda, local function or graph in the module",
        ) from error
    with torch.no_grad():
        y, _ = again(x)
    if not close(y, expected.detach()):
        raise Violation(f"after {name} it gives another output", smallest=show(x))


PROBES: Final = (
    Probe("copy[deepcopy]", "that a copy is the same", deepcopied),
    Probe("copy[pickle]", "that it can be sent to another process", pickled),
)
