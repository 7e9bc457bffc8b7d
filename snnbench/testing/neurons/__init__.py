"""What is asked of a neuron."""

from __future__ import annotations

from typing import Final

from snnbench.testing.neurons import (
    claims,
    copies,
    described,
    gradients,
    leak,
    purity,
    reset,
    running,
    tensors,
    threshold,
)
from snnbench.testing.neurons.subject import Subject
from snnbench.testing.specs import BUILD_PROBE, SPEC_PROBES

__all__ = ["PROBES", "Subject"]

PROBES: Final = (
    *SPEC_PROBES,
    BUILD_PROBE,
    *described.PROBES,
    *purity.PROBES,
    *threshold.PROBES,
    *claims.PROBES,
    *reset.PROBES,
    *leak.PROBES,
    *running.PROBES,
    *gradients.PROBES,
    *tensors.PROBES,
    *copies.PROBES,
)
