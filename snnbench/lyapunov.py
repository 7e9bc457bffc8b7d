"""This module has the Lyapunov exponents of any map, on their own: see docs/stability.md."""

from snnbench.measure.stability.finite_size import FiniteSize, finite_size
from snnbench.measure.stability.single_spike import SingleSpike, single_spike
from snnbench.measure.stability.spike_distance import SpikeDistance, spike_distance
from snnbench.measure.stability.survival import Survival, survival
from snnbench.measure.stability.tangent import Spectrum, spectrum

__all__ = [
    "FiniteSize",
    "SingleSpike",
    "Spectrum",
    "SpikeDistance",
    "Survival",
    "finite_size",
    "single_spike",
    "spectrum",
    "spike_distance",
    "survival",
]
