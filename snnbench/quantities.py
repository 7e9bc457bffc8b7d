"""A measurement describes its numbers, with names, units, meanings and directions, and its warnings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Flag(StrEnum):
    """A warning that stands beside a number. Each measurement has members of its own.

    A member is its text and the sentence that explains it: ``BUSY = "busy", "Other processes took …"``.
    """

    meaning: str

    def __new__(cls, text: str, meaning: str) -> Self:
        """Return the member of ``text``."""
        member = str.__new__(cls, text)
        member._value_, member.meaning = text, meaning
        return member


class Phase(StrEnum):
    """This says when in the course of a cell a measurement is made."""

    FRESH = "fresh"
    """Before the others: the process has allocated little besides the network and its data."""
    INITIAL = "initial"
    """Before training, on the weights as drawn."""
    TRAINED = "trained"
    """After training."""
    ALONE = "alone"
    """After training, while no other cell runs: for what is timed."""


class Scale(StrEnum):
    """This says how a number is written, and on which scale the interval of its mean is made."""

    FRACTION = "fraction"
    """From 0 to 1; written in percent."""
    RATE = "rate"
    """Above 0; written with k, M and G. Its interval is on a logarithmic scale."""
    RATIO = "ratio"
    """Above 0; written as a multiple. Its interval is on a logarithmic scale."""
    BYTES = "bytes"
    """Above 0; written with KiB, MiB and GiB. Its interval is on a logarithmic scale."""
    EXPONENT = "exponent"
    """Any number; written with three decimals."""
    PLAIN = "plain"
    """Any number; written with four significant digits."""


class Better(StrEnum):
    """This says which end of a quantity is better."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"

    @property
    def sentence(self) -> str:
        """Return what a reader is told; empty where neither end is better."""
        return "" if self is Better.NEITHER else f"{self.value.capitalize()} is better."


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number that a measurement gives.

    Attributes:
        name: Of the metric in the journal: ``accuracy.test``. A family, one number for each value of a
            parameter, has the name without it: ``stability.lambda_delta`` of ``stability.lambda_delta[1]``.
        title: Heading of its column.
        meaning: One sentence.
        unit: Second line of the heading: what the numbers below it are in, as ``scale`` writes them.
        scale: How the number is written and averaged.
        better: Which end is better.
        headline: Whether it has a column of its own on the leaderboard.
        parameter: What stands before the parameter of a family in a title: ``δ=``.
        without_column: Parameters of a headline family that have no column.
    """

    name: str
    title: str
    meaning: str
    unit: str = ""
    scale: Scale = Scale.PLAIN
    better: Better = Better.NEITHER
    headline: bool = False
    parameter: str = ""
    without_column: tuple[str, ...] = ()

    @property
    def metric_unit(self) -> str:
        """Return the unit of its metrics in the journal; fractions and ratios have none and say ``1``."""
        return "1" if self.scale in {Scale.FRACTION, Scale.RATIO} else self.unit or "1"


def by_name(quantities: Iterable[Quantity]) -> dict[str, Quantity]:
    """Return the quantities by their names, in their order."""
    return {quantity.name: quantity for quantity in quantities}


def sentences(flags: Iterable[Flag]) -> dict[str, str]:
    """Return the sentence of each flag by its text, in their order."""
    return {flag.value: flag.meaning for flag in flags}
