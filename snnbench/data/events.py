"""Event cameras and other address-event sensors give recordings of unequal length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from snnbench.data.event_rows import FIELDS, as_rows
from snnbench.errors import DataError

Sensor: TypeAlias = tuple[int, int, int]
"""Width, height and number of polarities."""


@dataclass(frozen=True, slots=True)
class Events:
    """It holds N recordings in a row. It is indexed as a tensor is, by a slice or an index tensor.

    Attributes:
        rows: ``[events, 4]`` int32: time (µs), x, y, polarity.
        offsets: ``[N + 1]`` int64: recording n is ``rows[offsets[n]:offsets[n + 1]]``.
        sensor: Its width, height and number of polarities.
    """

    rows: Tensor
    offsets: Tensor
    sensor: Sensor

    @classmethod
    def of(
        cls,
        recordings: Sequence[ArrayLike],
        sensor: Sensor,
        *,
        tick_us: float = 1.0,
        from_start: bool = False,
    ) -> Events:
        """Make them from one array a recording: ``[events, 4]`` with the columns of ``rows``, or as tonic's.

        Args:
            recordings: Of whole numbers, or structured with the fields t, x, y and p.
            sensor: Its width, height and number of polarities.
            tick_us: What one unit of their times is, in µs: 1e6 for seconds, 1e3 for milliseconds.
            from_start: Subtract the first time of each recording, of times since 1970, say.

        Raises:
            DataError: A recording has other columns, an event lies outside the sensor, or a time
                outside 32 bits.
        """
        parts = [
            as_rows(one, f"recording {number}: ", tick_us, from_start)
            for number, one in enumerate(recordings)
        ]
        rows = np.concatenate([np.empty((0, 4), np.int64), *parts])
        cls.check(rows, sensor)
        offsets = np.cumsum([0, *(len(part) for part in parts)])
        return cls(torch.from_numpy(rows.astype(np.int32)), torch.from_numpy(offsets), sensor)

    @staticmethod
    def check(rows: NDArray[np.integer], sensor: Sensor, where: str = "") -> None:
        """Refuse events ``[events, 4]`` outside the sensor, or times outside 32 bits.

        Args:
            rows: With the columns of ``Events.rows``.
            sensor: Its width, height and number of polarities.
            where: Begins the error's message.

        Raises:
            DataError: There are some.
        """
        for column, limit in enumerate(sensor, start=1):
            _check(rows[:, column], FIELDS[column], where, 0, limit - 1)
        _check(rows[:, 0], FIELDS[0], where, -(2**31), 2**31 - 1)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[Tensor]:
        """Return the rows of each recording."""
        return iter(torch.split(self.rows, self.offsets.diff().tolist()))

    def __getitem__(self, index: Tensor | slice) -> Events:
        """Return the recordings that ``index`` names, in its order."""
        chosen = torch.arange(len(self), device=self.offsets.device)[index]
        first, lengths = self.offsets[chosen], self.offsets.diff()[chosen]
        offsets = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])
        row = torch.arange(int(offsets[-1]), device=offsets.device)
        row += torch.repeat_interleave(first - offsets[:-1], lengths)
        return Events(self.rows[row], offsets, self.sensor)

    @property
    def device(self) -> torch.device:
        """Return where they are."""
        return self.rows.device

    @property
    def shape(self) -> tuple[int, ...]:
        """Return ``(N, polarities, height, width)``, as if each recording were one frame."""
        return (len(self), *reversed(self.sensor))

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Return all that it holds."""
        return self.rows, self.offsets, torch.tensor(self.sensor)

    def to(self, device: torch.device) -> Events:
        """Return the same recordings on ``device``."""
        return Events(self.rows.to(device), self.offsets.to(device), self.sensor)


_HINTS = {
    "time": "times are in µs: of times since 1970 subtract the start, with from_start=True of Events.of",
    "polarity": "polarities count from 0: write 0 for −1, or for 1 where they are 1 and 2",
}
_HINT = "columns are time (µs), x, y, polarity; the sensor is (width, height, polarities)"


def _check(values: NDArray[np.integer], field: str, where: str, low: int, high: int) -> None:
    if values.size and not low <= values.min() <= values.max() <= high:
        found = f"runs from {values.min()} to {values.max()}, outside {low} … {high}"
        raise DataError(f"{where}the {field} of events {found}", _HINTS.get(field, _HINT))
