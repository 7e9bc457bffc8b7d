"""A matrix compares all neurons with a few that it names."""

from __future__ import annotations

from dataclasses import dataclass

from snnbench.errors import UsageError
from snnbench.matrix.axes import Choice, axis
from snnbench.matrix.combine import spikes
from snnbench.matrix.spec import Matrix
from snnbench.plugin.host import Host
from snnbench.records import Cell, Component


@dataclass(frozen=True, slots=True)
class ReferenceModels:
    """A matrix compares its neurons with these.

    Attributes:
        references: One a block, or None.
        floor: For all blocks, or None.
    """

    references: tuple[Choice | None, ...]
    floor: Choice | None

    @classmethod
    def of(cls, matrix: Matrix, host: Host) -> ReferenceModels:
        """Return those that ``matrix`` names.

        Raises:
            UsageError: One is not one neuron, a reference does not spike, or the floor has no use.
        """
        usual = _reference("measure.reference", matrix.measure.reference, host)
        own = [
            _reference(f"also[{index}].reference", also.reference, host) if also.reference else usual
            for index, also in enumerate(matrix.also)
        ]
        if matrix.measure.floor and not matrix.measure.throughput:
            raise UsageError("measure.floor is for the throughput, which is not measured", "leave it out")
        return cls((usual, *own), _one_neuron("measure.floor", matrix.measure.floor, host))

    @property
    def choices(self) -> list[Choice]:
        """Return all of them."""
        return [choice for choice in (*self.references, self.floor) if choice]

    def reference(self, block: int, cell: Cell) -> dict[str, Component]:
        """Return the reference of a cell of ``block`` by the cell's key; nothing without one."""
        choice = self.references[block]
        return {cell.key: choice.component} if choice else {}


def _reference(where: str, text: str, host: Host) -> Choice | None:
    choice = _one_neuron(where, text, host)
    if choice and not spikes(choice):
        raise UsageError(f"{where}: {text!r} is not a neuron that spikes", "lif(beta=0.9)")
    return choice


def _one_neuron(where: str, text: str, host: Host) -> Choice | None:
    """Return the neuron that ``text`` names; None for no text."""
    choices = axis("neuron", (text,), host) if text else ()
    if len(choices) > 1:
        raise UsageError(f"{where}: {text!r} is more than one neuron", "lif(beta=0.9)")
    return choices[0] if choices else None
