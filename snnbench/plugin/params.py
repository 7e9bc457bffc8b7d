"""A parameter of a component says what values it may have."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from snnbench.plugin.distributions import PerNeuron, parse
from snnbench.records import Scalar, Value, format_value

_LEFT_OUT: Final[Any] = None
"""No default yet: a signature gives it. A spec that still has it is refused."""


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of a component. Its type is the type of its default.

    Attributes:
        default: Used when the matrix does not give it. A tuple takes a list of the same item type, a
            tuple of tuples a list of lists. Left out in the annotation of a signature, which has it.
        low: Least value allowed (each item, for a tuple).
        high: Greatest value allowed (each item, for a tuple).
        unit: Unit of the value, empty if it has none.
        doc: One line on what it does.
        choices: The only values allowed, for text.
        per_neuron: Whether a number may be a list of one a neuron, or a distribution: ``uniform(0.8,0.99)``.
        names_code: Its value is ``package.module:attribute``, which the component imports: allowed only of
            modules that the user has named, so that a matrix file alone has nothing imported.
    """

    default: Value = _LEFT_OUT
    low: float | None = None
    high: float | None = None
    unit: str = ""
    doc: str = ""
    choices: tuple[str, ...] = ()
    per_neuron: PerNeuron = PerNeuron.NO
    names_code: bool = False

    @property
    def range(self) -> str:
        """Return what is allowed, for people: ``0 … 1``, ``one of subtract, zero, none``."""
        return self._extent if self.per_neuron is PerNeuron.NO else f"{self._extent}, or one a neuron"

    @property
    def _extent(self) -> str:
        """Return what is allowed of one value."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.low is None and self.high is None:
            return type(self.default).__name__
        low = "−∞" if self.low is None else f"{self.low:g}"
        high = "∞" if self.high is None else f"{self.high:g}"
        return f"{low} … {high}"

    def check(self, value: Value) -> Value:
        """Return ``value`` in this parameter's type.

        Raises:
            ValueError: It has the wrong type or lies outside the range; the text says which.
        """
        if self.per_neuron is not PerNeuron.NO and isinstance(value, str | tuple):
            return self._check_each(value)
        checked: Value = self._check_like(self.default, value)
        return checked

    def _check_each(self, value: str | tuple[Any, ...]) -> Value:
        """Return a list of one value a neuron, or the text of a distribution, in its shortest form."""
        if isinstance(value, str):
            distribution = parse(value)
            for end in distribution.ends:
                self._check_scalar(end, float)
            return str(distribution)
        if not value:
            raise ValueError("an empty list gives no neuron a value")
        return tuple(self._check_scalar(item, float) for item in value)

    def _check_like(self, default: Value, value: Value) -> Any:
        """Return ``value`` with each item checked, where ``default`` is a list."""
        if not isinstance(default, tuple):
            return self._check_scalar(value, type(default))
        if not isinstance(value, tuple):
            raise ValueError(f"expected a list, got {format_value(value)}")
        return tuple(self._check_like(default[0] if default else 0.0, item) for item in value)

    def _check_scalar(self, value: Value, kind: type) -> Scalar:
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        not_finite = value in ("nan", "inf") or (isinstance(value, float) and not math.isfinite(value))
        if kind is float and not_finite:
            raise ValueError(f"{value} is not a finite number")
        if isinstance(value, tuple) or type(value) is not kind:
            raise ValueError(f"expected {kind.__name__}, got {format_value(value)}")
        if self.choices and value not in self.choices:
            raise ValueError(f"{value!r} is not {self.range}")
        if isinstance(value, int | float) and not isinstance(value, bool):
            below = self.low is not None and not value >= self.low
            if below or (self.high is not None and not value <= self.high):
                raise ValueError(f"{format_value(value)} is outside {self._extent}")
        return value
