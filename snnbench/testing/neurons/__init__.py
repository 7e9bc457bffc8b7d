"""What is asked of a neuron."""

from __future__ import annotations

from typing import Final

from snnbench.testing.neurons import claims, copies, described, purity, reset, running, tensors
from snnbench.testing.neurons.subject import Subject
from snnbench.testing.specs import BUILD_PROBE, SPEC_PROBES

__all__ = ["PROBES", "Subject"]

PROBES: Final = (
    *SPEC_PROBES,
    BUILD_PROBE,
    *described.PROBES,
    *claims.PROBES,
    *reset.PROBES,
    *purity.PROBES,
    *running.PROBES,
    *tensors.PROBES,
    *copies.PROBES,
)
