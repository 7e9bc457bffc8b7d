"""The quantities and warnings of the standard measurements. Imports no torch."""

from __future__ import annotations

from snnbench.components.measurements import activity, learning, memory, parameters, speed, stability
from snnbench.components.measurements.flags import MeasurementFlag
from snnbench.quantities import Flag

QUANTITIES = (
    *learning.QUANTITIES,
    *speed.QUANTITIES,
    *memory.QUANTITIES,
    *stability.QUANTITIES,
    *activity.QUANTITIES,
)
"""All of them, in the order of their columns."""

FLAGS: tuple[Flag, ...] = tuple(MeasurementFlag)
"""All of their warnings, in the order in which they are explained."""

SPECS = (parameters.SPEC,)
"""The measurements that are registered as those of a plugin are."""
