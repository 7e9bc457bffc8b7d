"""Distributions that a parameter's values are drawn from, one value a neuron: ``uniform(0.8,0.99)``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum

_NUMBER = r"\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*"
_TEXT = re.compile(rf"\s*([a-z]+)\s*\({_NUMBER},{_NUMBER}\)\s*", re.ASCII)


class PerNeuron(StrEnum):
    """A member says whether a parameter may differ between the neurons of a population."""

    NO = "one number for all neurons"
    VALUE = (
        "one number, a list of one a neuron, or uniform(low,high), loguniform(low,high) or gamma(shape,scale)"
    )
    DECAY = VALUE + " of the time constant τ in steps, whose decay is exp(−1/τ)"


class Family(StrEnum):
    """This says which distribution it is."""

    UNIFORM = "uniform"
    LOGUNIFORM = "loguniform"
    GAMMA = "gamma"


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution of one number has a name and two parameters.

    Attributes:
        family: Which one.
        first: Least value; of ``gamma`` the shape.
        second: Greatest value; of ``gamma`` the scale.
    """

    family: Family
    first: float
    second: float

    def __str__(self) -> str:
        return f"{self.family}({self.first!r},{self.second!r})"

    @property
    def ends(self) -> tuple[float, ...]:
        """Return the least and the greatest value.

        There are none for ``gamma``, whose tails are clipped to what is allowed.
        """
        return () if self.family is Family.GAMMA else (self.first, self.second)


def parse(text: str) -> Distribution:
    """Read a distribution.

    Raises:
        ValueError: The text is none, or its numbers are out of order; the message says which.
    """
    match = _TEXT.fullmatch(text)
    if match is None or match[1] not in set(Family):
        raise ValueError(f"{text!r} is not uniform(low,high), loguniform(low,high) or gamma(shape,scale)")
    try:
        found = Distribution(Family(match[1]), float(match[2]), float(match[3]))
    except ValueError:
        raise ValueError(f"{text!r} has something that is no number") from None
    if not (math.isfinite(found.first) and math.isfinite(found.second)):
        raise ValueError(f"{text!r} has a number that is not finite")
    if found.family is Family.GAMMA:
        if not (found.first > 0 and found.second > 0):
            raise ValueError(f"{text!r}: shape and scale are above 0")
    elif not found.first <= found.second:
        raise ValueError(f"{text!r}: low is above high")
    if found.family is Family.LOGUNIFORM and not found.first > 0:
        raise ValueError(f"{text!r}: low is above 0, as it has a logarithm")
    return found
