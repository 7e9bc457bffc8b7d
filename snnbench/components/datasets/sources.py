"""Records of events in files: by tonic's readers (Lenz et al. 2021), and of Heidelberg's spikes by h5py."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from snnbench.data.event_rows import Rows, as_rows
from snnbench.data.events import Sensor
from snnbench.errors import DataError


@dataclass(frozen=True, slots=True, eq=False)
class TonicSource:
    """The records of one of tonic's datasets.

    Attributes:
        dataset: Indexed by the record.
        sensor: Width, height and number of polarities.
        fingerprint: Tells its files apart from any other.
        sort: Put events that are out of order in order. Only published files are trusted so far.
        from_start: Subtract the first time of each record.
    """

    dataset: Any
    sensor: Sensor
    fingerprint: str
    sort: bool
    from_start: bool = False

    def read(self, record: int) -> Rows:
        """Return the events ``[events, 4]`` of one record."""
        events, _ = self.dataset[record]
        rows = as_rows(_with_whole_times(events), f"{self.where(record)}: ", from_start=self.from_start)
        return in_order(rows) if self.sort else rows

    def where(self, record: int) -> str:
        """Return the file, or the folder and the number of the record."""
        file = self.dataset.data[record]
        if isinstance(file, str):
            return file
        return f"{Path(self.dataset.location_on_system, self.dataset.folder_name)}, record {record}"


def exact(kind: type[Any]) -> type[Any]:
    """Return a class of tonic's that finds its files where they are and casts none of their numbers.

    tonic makes a bool of a polarity: −1 becomes 1, and all events are ON. Whether the files are there and
    whole is known by now; tonic would look for more than it needs.
    """
    numbers = np.dtype([(name, np.float64) for name in kind.dtype.names])
    return type(kind.__name__, (kind,), {"_check_exists": lambda self: True, "dtype": numbers})


def _with_whole_times(events: NDArray[Any]) -> NDArray[Any]:
    """Return the events whose times are in whole µs: 1.001 ms are 1000.9999999999999 of them in floats."""
    if events.dtype["t"].kind == "f":
        events["t"] = np.rint(events["t"])
    return events


def in_order(rows: Rows) -> Rows:
    """Return events ``[events, 4]`` in the order of their times."""
    return rows[rows[:, 0].argsort(kind="stable")]


@dataclass(frozen=True, slots=True)
class SpikesSource:
    """The records of a file in the format of SHD and SSC: times in seconds, and units, the channels.

    Attributes:
        file: In HDF5.
        sensor: Width, height and number of polarities.
        fingerprint: Tells the file apart from any other.
        sort: As above.
    """

    file: Path
    sensor: Sensor
    fingerprint: str
    sort: bool

    def read(self, record: int) -> Rows:
        """Return the spikes ``[spikes, 4]`` of one record.

        Raises:
            DataError: It has not as many times as units.
        """
        with h5py.File(self.file) as file:
            times, units = (file[f"spikes/{name}"][record] for name in ("times", "units"))
        if len(times) != len(units):
            found = f"{self.where(record)} has {len(times)} times and {len(units)} units"
            raise DataError(found, "each spike has a time and a unit: the file is damaged")
        zeros = np.zeros(len(times))
        spikes = np.stack([times.astype(np.float64), units.astype(np.float64), zeros, zeros], axis=1)
        rows = as_rows(spikes, f"{self.where(record)}: ", tick_us=1e6)
        return in_order(rows) if self.sort else rows

    def where(self, record: int) -> str:
        """Return the file and the number of the record."""
        return f"{self.file}, record {record}"

    def labels(self) -> NDArray[Any]:
        """Return the labels of all records.

        Raises:
            DataError: There are not as many as recordings.
        """
        with h5py.File(self.file) as file:
            counts = {name: len(file[name]) for name in ("spikes/times", "spikes/units", "labels")}
            labels = np.asarray(file["labels"])
        if len(set(counts.values())) > 1:
            found = ", ".join(f"{count} {name}" for name, count in counts.items())
            raise DataError(
                f"{self.file} holds {found}", "each recording has one label: the file is incomplete"
            )
        return labels
