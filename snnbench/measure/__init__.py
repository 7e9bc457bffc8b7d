"""These are the standard measurements. Each takes a ``Trained`` cell and returns named metrics."""

from snnbench.measure.trained import Trained

__all__ = ["Trained"]
