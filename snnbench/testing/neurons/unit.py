"""Probe whether a neuron's unit of disturbance goes with its state."""

from __future__ import annotations

from typing import Final

import torch

from snnbench.core.units import weights
from snnbench.errors import UsageError
from snnbench.testing.casebook import Probe
from snnbench.testing.neurons.subject import Subject
from snnbench.testing.outcomes import Undecided, Violation

WIDTH: Final = 3


def disturbance_unit(subject: Subject) -> None:
    """There is a unit above 0 for each part of the state."""
    neuron = subject.make((WIDTH,))
    said = neuron.disturbance_unit()
    if said is None:
        raise Undecided("it gives none")
    state = neuron.initial_state(torch.zeros(1, WIDTH, dtype=torch.float64))
    try:
        weights(state, said)
    except UsageError as error:
        raise Violation(
            f"disturbance_unit() does not go with its state: {error.message}",
            smallest=f"features=({WIDTH},)",
            hint=error.hint or "threshold minus rest for each part of the state",
        ) from None


PROBES: Final = (Probe("claim[disturbance_unit]", "its own disturbance_unit()", disturbance_unit),)
