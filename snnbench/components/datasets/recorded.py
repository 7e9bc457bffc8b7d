"""Published recordings of events through tonic (Lenz et al. 2021): its readers, its folders."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from numpy.typing import NDArray
from tonic import datasets

from snnbench.components.datasets import published as specs
from snnbench.components.datasets.splits import check_labels, cut, published, reading
from snnbench.engine.data import Dataset, Split
from snnbench.engine.events import Sensor
from snnbench.engine.recordings import Recordings, Rows
from snnbench.errors import DataError
from snnbench.fetch import data_root

TEST = 0.2
"""The share that tests, of a dataset without an official test split."""


@dataclass(frozen=True, slots=True, eq=False)
class TonicSource:
    """The records of one of tonic's datasets.

    Attributes:
        dataset: Indexed by the record.
        sensor: Width, height and number of polarities.
        fingerprint: Tells its files apart from any other.
        sort: Put events that are out of order in order. Only published files are trusted so far.
    """

    dataset: Any
    sensor: Sensor
    fingerprint: str
    sort: bool

    def read(self, record: int) -> Rows:
        """The events ``[events, 4]`` of one record."""
        events, _ = self.dataset[record]
        rows = np.zeros((len(events), 4), np.int64)
        for column, field in enumerate("txyp"):
            if field in events.dtype.names:
                rows[:, column] = events[field]
        if self.sensor[2] == 1:
            rows[:, 3] = 0  # tonic gives the spikes of a cochlea polarity 1
        return rows[rows[:, 0].argsort(kind="stable")] if self.sort else rows

    def where(self, record: int) -> str:
        """The file, or the file and the number of the record."""
        if isinstance(self.dataset, datasets.hsd.HSD):
            return f"{Path(self.dataset.location_on_system, self.dataset.data_filename)}, record {record}"
        file = self.dataset.data[record]
        if isinstance(file, str):
            return file
        return f"{Path(self.dataset.location_on_system, self.dataset.folder_name)}, record {record}"


@dataclass(frozen=True)
class Recorded:
    """A set of recordings. Called as the factory of a dataset.

    A tenth of the training recordings validates, unless validation recordings are published.

    Attributes:
        name: Of the dataset.
        kind: Tonic's class.
        sensor: Width, height and number of polarities.
        classes: Number of classes.
        parts: Its arguments for the official training, test and, if there are some, validation recordings.
            Empty if only one set is published: then a fifth of it tests.
    """

    name: str
    kind: type[Any]
    sensor: Sensor
    classes: int
    parts: tuple[dict[str, Any], ...] = ({"train": True}, {"train": False})

    def __call__(self, root: Path | None, *, train: int = 0, content: str = "") -> Dataset:
        """Find the recordings; each is read when it is used.

        Args:
            root: Where datasets are.
            train: Training recordings to keep, the classes in proportion; 0 for all.
            content: Checksum of the files, where they are not the published ones.

        Raises:
            DataError: A file cannot be read, or holds other than it should.
        """
        make = self._maker(data_root(root), content)
        if self.parts:
            first, test, *validation = (make(**part) for part in self.parts)
        else:
            (first, test), validation = cut(make(), TEST), []
        return published(
            self.name, first, test, self.classes,
            validation=validation[0] if validation else None, size=train, content=content,
        )  # fmt: skip

    def _maker(self, root: Path, content: str) -> Callable[..., Split]:
        """What makes a split from tonic's arguments."""
        spec = next(spec for spec in specs.SPECS if spec.name == self.name)
        checksums = content or " ".join(file.checksum for file in spec.files)
        # that the files are there and whole is known by now; tonic would look for more than it needs
        kind = type(self.kind.__name__, (self.kind,), {"_check_exists": lambda self: True})

        def make(**part: Any) -> Split:
            fingerprint = hashlib.sha256(f"{self.name} {part} {checksums}".encode()).hexdigest()
            try:
                dataset = kind(str(root), **part)
                records, labels = _records(dataset)
            except Exception:
                with reading(_damaged(root / kind.__name__)):
                    raise
            if not len(labels):
                raise DataError(f"{root / kind.__name__}: there are no recordings for {part}", _HINT)
            source = TonicSource(dataset, self.sensor, fingerprint, sort=not content)
            check_labels(source.where, records, labels, self.classes)
            return Split(Recordings(source, records.tolist()), torch.from_numpy(labels))

        return make


_HINT = "'snnbench data status' tells what is there"


def _damaged(folder: Path) -> Path:
    """The first file that its reader refuses, of the formats that tonic reads at once; else the folder."""
    for file in sorted(folder.rglob("*.*")):
        try:
            if file.suffix == ".npy":
                np.load(file, mmap_mode="r")
            elif file.suffix == ".h5":
                h5py.File(file).close()
        except Exception:
            return file
    return folder


def _records(dataset: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The numbers of all records and their classes.

    Their order does not depend on how the system lists a folder, as it does in tonic.
    """
    if isinstance(dataset, datasets.hsd.HSD):
        with h5py.File(Path(dataset.location_on_system, dataset.data_filename), "r") as file:
            labels = np.asarray(file["labels"], np.int64)
        return np.arange(len(labels)), labels
    targets = np.asarray(dataset.targets)
    if not all(isinstance(file, str) for file in dataset.data):  # loaded already, folder by folder
        order = targets.argsort(kind="stable")
        return order, targets[order].astype(np.int64)
    files = sorted((file, record) for record, file in enumerate(dataset.data) if "annotation" not in file)
    order = np.array([record for _, record in files], np.int64)
    labels = targets[order]
    if labels.dtype.kind == "U":  # the folder's name
        labels = np.unique(labels, return_inverse=True)[1]
    return order, labels.astype(np.int64)


shd = Recorded("shd", datasets.SHD, (700, 1, 1), 20)
ssc = Recorded(
    "ssc", datasets.SSC, (700, 1, 1), 35, parts=({"split": "train"}, {"split": "test"}, {"split": "valid"})
)
nmnist = Recorded("nmnist", datasets.NMNIST, (34, 34, 2), 10)
dvs_gesture = Recorded("dvs_gesture", datasets.DVSGesture, (128, 128, 2), 11)
cifar10_dvs = Recorded("cifar10_dvs", datasets.CIFAR10DVS, (128, 128, 2), 10, parts=())
pokerdvs = Recorded("pokerdvs", datasets.POKERDVS, (35, 35, 2), 4)
ncaltech101 = Recorded("ncaltech101", datasets.NCALTECH101, (240, 180, 2), 101, parts=())
