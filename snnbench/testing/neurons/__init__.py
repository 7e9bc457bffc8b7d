"""Probe what a neuron claims."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from snnbench.testing.casebook import Probe
from snnbench.testing.neurons import (
    claims,
    copies,
    described,
    effect,
    gradients,
    leak,
    purity,
    reset,
    running,
    tensors,
    threshold,
    unit,
)
from snnbench.testing.neurons.subject import Subject
from snnbench.testing.specs import BUILD_PROBE, SPEC_PROBES

__all__ = ["PROBES", "Subject"]


def _of_pure(probe: Probe) -> Probe:
    """Return ``probe``, undecided for a neuron that is another one each time.

    The probe would blame something else.
    """

    def check(subject: Subject) -> None:
        subject.need_pure()
        probe.check(subject)

    return replace(probe, check=check)


PROBES: Final = (
    *SPEC_PROBES,
    BUILD_PROBE,
    *described.PROBES,
    *purity.PROBES,
    *map(
        _of_pure,
        (*effect.PROBES, *threshold.PROBES, *claims.PROBES, *reset.PROBES, *leak.PROBES, *unit.PROBES),
    ),
    *running.PROBES,
    *gradients.PROBES,
    *tensors.PROBES,
    *copies.PROBES,
)
