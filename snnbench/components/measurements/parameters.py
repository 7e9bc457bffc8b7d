"""The number of trainable parameters of a cell's network."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from snnbench.plugin.specs import MeasurementSpec
from snnbench.quantities import Phase, Quantity

if TYPE_CHECKING:
    from snnbench.measure import CellContext


def parameters() -> Callable[[CellContext], float]:
    """Return what counts the numbers that training changes."""
    return lambda context: float(
        sum(one.numel() for one in context.network.parameters() if one.requires_grad)
    )


SPEC = MeasurementSpec(
    name="parameters",
    version="1",
    summary="number of trainable parameters of the network",
    factory="snnbench.components.measurements.parameters:parameters",
    quantities=(Quantity("", "Parameters", "Numbers that training changes.", headline=True),),
    phase=Phase.INITIAL,
)
