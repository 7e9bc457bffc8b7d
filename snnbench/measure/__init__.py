"""These are the standard measurements. Each takes a ``CellContext`` and returns named metrics."""

from snnbench.measure.context import CellContext

__all__ = ["CellContext"]
