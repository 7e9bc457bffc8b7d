"""Recordings that stay in their files until a batch asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from snnbench.data.event_rows import Rows, as_rows
from snnbench.data.events import Events, Sensor
from snnbench.errors import DataError


class Source(Protocol):
    """Recordings are read from such a source.

    Attributes:
        sensor: Width, height and number of polarities.
        fingerprint: Tells its content apart from any other.
    """

    @property
    def sensor(self) -> Sensor: ...
    @property
    def fingerprint(self) -> str: ...

    def read(self, record: int) -> NDArray[Any]:
        """Return the events of one record, ordered by time, as ``as_rows`` takes them."""
        ...

    def where(self, record: int) -> str:
        """Return the file and record, for people."""
        ...


@dataclass(frozen=True, slots=True)
class Recordings:
    """Indexed as a tensor is, by a slice or an index tensor, records of a source are read as ``Events``.

    Attributes:
        source: Where they are.
        records: Which of them, in order.
    """

    source: Source
    records: Sequence[int]

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: Tensor | slice) -> Events:
        """Read the recordings that ``index`` names, in its order.

        Raises:
            DataError: One cannot be read or is empty, an event lies outside the sensor, or a time goes
                backwards.
        """
        return Events.of([self._read(record) for record in self.select(index).records], self.source.sensor)

    def select(self, index: Tensor | slice) -> Recordings:
        """Return the recordings that ``index`` names, left in their files."""
        chosen = torch.arange(len(self))[index.cpu() if isinstance(index, Tensor) else index]
        return Recordings(self.source, [self.records[place] for place in chosen.tolist()])

    def _read(self, record: int) -> Rows:
        where = self.source.where(record)
        try:
            rows = as_rows(self.source.read(record), f"{where}: ")
        except DataError:
            raise
        except Exception as error:
            hint = "it is damaged or incomplete: fetch the dataset again"
            raise DataError(f"{where} cannot be read: {error}", hint) from error
        if not len(rows):
            raise DataError(f"{where} holds no event", "it is damaged or incomplete: fetch the dataset again")
        backwards = np.flatnonzero(np.diff(rows[:, 0]) < 0)
        if len(backwards):
            event = int(backwards[0]) + 1
            raise DataError(
                f"{where}: the time goes backwards from {rows[event - 1, 0]} to {rows[event, 0]} µs "
                f"at event {event}",
                "events must be in the order of their times",
            )
        Events.check(rows, self.source.sensor, f"{where}: ")
        return rows

    @property
    def device(self) -> torch.device:
        """Return where what is read goes first."""
        return torch.device("cpu")

    @property
    def shape(self) -> tuple[int, ...]:
        """Return ``(N, polarities, height, width)``, as if each recording were one frame."""
        return (len(self), *reversed(self.source.sensor))

    def to(self, device: torch.device) -> Recordings:
        """Return the recordings themselves: what is read from files is on the CPU first."""
        return self
