"""A matrix combines components of five kinds; each is an axis."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Axis(StrEnum):
    """An axis of a matrix, with the sentence that says what a component on it does."""

    meaning: str

    def __new__(cls, text: str, meaning: str) -> Axis:
        """Return the member of ``text``."""
        member = str.__new__(cls, text)
        member._value_, member.meaning = text, meaning
        return member

    DATASET = "dataset", "A dataset holds the samples and their classes."
    ENCODER = "encoder", "An encoder turns a sample into input over time."
    NETWORK = "network", "A network arranges weights and populations."
    NEURON = "neuron", "A neuron turns input currents into spikes."
    SURROGATE = "surrogate", "A surrogate stands for the derivative of a spike."

    @property
    def plural(self) -> str:
        """Return the name under which a matrix lists its components."""
        return f"{self}s"


AXES: Final[tuple[str, ...]] = tuple(axis.value for axis in Axis)
"""The names of the axes, in the order of a cell's id."""
