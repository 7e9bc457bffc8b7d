"""Numbers as people read them: percent, k and M, KiB and MiB, three decimals of an exponent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from snnbench.quantities import Scale

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"
NO_WIDTH = "± 0"


SCIENTIFIC = {
    Scale.FRACTION: 1e4,
    Scale.RATE: 1e18,
    Scale.BYTES: 1e18,
    Scale.RATIO: 1e6,
    Scale.EXPONENT: 1e6,
    Scale.PLAIN: 1e6,
}
"""Size from which a number of a scale is written with a power of ten: no measurement should be so large, but
a plugin's, or a damaged one, may."""

TINY = 1e-4
"""Size below which a plain number is written with a power of ten."""


@dataclass(frozen=True, slots=True)
class Notation:
    """This says how a number, and the ends of its interval, are written.

    Attributes:
        factor: What 1 of the suffix stands for, where there is no ``power``.
        decimals: Digits after the point.
        suffix: Follows the number: `` k``, `` MiB``, or nothing.
        power: The power of ten in the suffix ``e+09``; None without one.
    """

    factor: float = 1.0
    decimals: int = 0
    suffix: str = ""
    power: int | None = None

    @classmethod
    def of(cls, scale: Scale, value: float) -> Notation:
        """Three significant digits, four of a plain number; percent has two decimals, an exponent three."""
        size = abs(value)
        if not math.isfinite(value):
            return cls(1.0, 3)
        if size >= SCIENTIFIC[scale] or (scale == Scale.PLAIN and 0 < size < TINY):
            power = math.floor(math.log10(size))
            return cls(1.0, 3, f"e{power:+03d}", power)
        if scale == Scale.RATE:
            return cls._named(value, 1000, ["", "k", "M", "G", "T"])
        if scale == Scale.BYTES:
            return cls._named(value, 1024, ["B", "KiB", "MiB", "GiB"])
        if scale == Scale.FRACTION:
            return cls(0.01, 2)
        decimals = 3 if scale == Scale.EXPONENT else _decimals(value, 4 if scale == Scale.PLAIN else 3)
        return cls(1.0, decimals, "×" if scale == Scale.RATIO else "")

    @classmethod
    def _named(cls, value: float, base: int, names: list[str]) -> Notation:
        power = 0
        while abs(value) >= base ** (power + 1) and power + 1 < len(names):
            power += 1
        whole = names[power] == "B"
        suffix = f" {names[power]}" if names[power] else ""
        return cls(float(base**power), 0 if whole else _decimals(value / base**power), suffix)

    def bare(self, value: float) -> str:
        """``value`` in this scale, without the suffix."""
        if math.isnan(value):
            return NOTHING
        if math.isinf(value):
            return "∞" if value > 0 else f"{MINUS}∞"
        text = f"{self.scaled(abs(value)):.{self.decimals}f}"
        return f"{MINUS}{text}" if value < 0 and text.strip("0.") else text

    def scaled(self, value: float) -> Decimal:
        """``value`` over the factor or the power; as a decimal, since 10^-324 is no float."""
        if self.power is None:
            return Decimal(value / self.factor)
        return Decimal(value).scaleb(-self.power)


def _decimals(value: float, significant: int = 3) -> int:
    """Digits after the point that give so many significant ones, at most 6."""
    if not value:
        return significant - 1
    return min(max(significant - 1 - math.floor(math.log10(abs(value))), 0), 6)


def number(scale: Scale, value: float) -> str:
    """``value`` with its scale: ``96.43``, ``12.3 k``, ``101 MiB``, ``−0.105``; ``–`` for NaN."""
    notation = Notation.of(scale, value)
    return notation.bare(value) + (notation.suffix if math.isfinite(value) else "")


def interval(scale: Scale, mean: float, low: float, high: float) -> str:
    """The interval in the mean's scale: ``± 0.52``, lopsided ``[95.10, 96.95]``, or nothing."""
    spread = _spread(scale, mean, low, high)
    return spread if spread in {"", NO_WIDTH} else spread + Notation.of(scale, mean).suffix


def mean_text(scale: Scale, mean: float, low: float, high: float) -> str:
    """A mean and its interval: ``96.43 ± 0.52``, ``12.3 ± 0.4 k``."""
    spread = _spread(scale, mean, low, high)
    notation = Notation.of(scale, mean)
    if not spread:
        return number(scale, mean)
    if notation.power is None:
        return f"{notation.bare(mean)} {spread}{notation.suffix}"
    if spread == NO_WIDTH:
        return f"{number(scale, mean)} {NO_WIDTH}"
    return f"({notation.bare(mean)} {spread}){notation.suffix}"


def _spread(scale: Scale, mean: float, low: float, high: float) -> str:
    if math.isnan(low) or math.isnan(high):
        return ""
    if low == high:
        return NO_WIDTH
    notation = Notation.of(scale, mean)
    if notation.bare(mean - low) == notation.bare(high - mean):
        return f"± {_width(notation, high / 2 - low / 2)}"
    return f"[{notation.bare(low)}, {notation.bare(high)}]"


def _width(notation: Notation, half: float) -> str:
    """Half an interval; one too narrow for the mean's decimals gets one digit rather than 0.00."""
    text = notation.bare(half)
    return text if text.strip("0.") else f"{float(notation.scaled(half)):.1g}"
