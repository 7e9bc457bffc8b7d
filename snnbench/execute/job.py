"""Define what a cell's process is handed: plain, picklable data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import cloudpickle

from snnbench.errors import UsageError
from snnbench.plugin.labels import labels_of
from snnbench.plugin.spec import Spec
from snnbench.plugin.specs import MeasurementSpec, NeuronSpec, SurrogateSpec
from snnbench.records import Cell, CellResult, Component
from snnbench.settings import EngineChoice, Measure


@dataclass(frozen=True, slots=True)
class Settings:
    """This says how cells are run: the same for all cells of a run.

    Attributes:
        device: ``cpu`` or ``cuda:N``.
        threads: Threads torch may use within one cell.
        data_root: Where datasets are; None for the platform's cache folder.
        plugins: Version of every plugin distribution in use.
        environment: Identity of the environment; known once the device has been probed.
        suite: Hash of the suite's code; known likewise.
        engine: What runs the populations over time.
        download: Whether missing files of datasets may be fetched.
    """

    device: str
    threads: int
    data_root: Path | None
    plugins: Mapping[str, str]
    environment: str = ""
    suite: str = ""
    engine: EngineChoice = EngineChoice.EAGER
    download: bool = True


@dataclass(frozen=True, slots=True)
class Job:
    """One cell to run.

    Attributes:
        cell: What to run.
        specs: The specs of its components, by kind.
        extra: The extra measurements asked for, each with its spec.
        measure: Which standard measurements to make.
        settings: How to run it.
        reference: The neuron that the cell's is compared with, and its spec.
        floor: The neuron that the cell's speed is compared with besides, and its spec.
        keys: Kind of each component to its key.
        measured: Name of each measurement to its key; part of the result.
    """

    cell: Cell
    specs: Mapping[str, Spec]
    extra: tuple[tuple[Component, MeasurementSpec], ...]
    measure: Measure
    settings: Settings
    reference: tuple[Component, NeuronSpec] | None = None
    floor: tuple[Component, NeuronSpec] | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    measured: Mapping[str, str] = field(default_factory=dict)

    @property
    def labels(self) -> dict[str, str]:
        """Return what the neuron claims to be, label to text."""
        surrogate = cast(SurrogateSpec | None, self.specs.get("surrogate"))
        return labels_of(cast(NeuronSpec, self.specs["neuron"]), self.cell.neuron.params, surrogate)


@dataclass(frozen=True, slots=True)
class EpochDone:
    """A cell finished an epoch (from 0) with this validation accuracy."""

    epoch: int
    accuracy: float


@dataclass(frozen=True, slots=True)
class WantsAlone:
    """A cell is about to be timed and waits until no other one is running."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The process that sees to the data has begun with a dataset.

    Attributes:
        dataset: As people name it.
        limited: Whether the time limit holds from now on: it is read, and no longer fetched.
    """

    dataset: str
    limited: bool


@dataclass(frozen=True, slots=True)
class Finished:
    """A cell ended by itself."""

    result: CellResult


def check_picklable(specs: Iterable[Spec]) -> None:
    """Refuse specs that a fresh process could not receive.

    Raises:
        UsageError: A factory holds what cannot be sent, such as an open file.
    """
    for spec in specs:
        try:
            cloudpickle.dumps(spec)
        except Exception as error:
            message = f"{spec.kind} {spec.name!r} cannot be sent to a fresh process: {error}"
            hint = 'define it in a module, or give the factory as "package.module:attribute"'
            raise UsageError(message, hint) from None
