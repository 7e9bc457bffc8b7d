"""Published recordings of events through tonic (Lenz et al. 2021): its readers, its folders."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeAlias

import h5py
import numpy as np
import torch
from numpy.typing import NDArray
from tonic import datasets

from snnbench.components.datasets import SPECS
from snnbench.components.datasets import published as specs
from snnbench.components.datasets.sources import SpikesSource, TonicSource, exact
from snnbench.components.datasets.splits import check_labels, cut, published, reading, whole_numbers
from snnbench.data.dataset import Dataset, Split
from snnbench.data.events import Sensor
from snnbench.data.files import contents, data_root
from snnbench.data.recordings import Recordings, Source
from snnbench.errors import DataError, UsageError
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "shd")

Numbers: TypeAlias = NDArray[np.int64]

TEST = 0.2
"""The share that tests, of a dataset without an official test split."""


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
        needs: A package that its reader needs and that is no dependency; empty if there is none.
        from_start: Its times may be since 1970: the first of each recording is subtracted.
    """

    name: str
    kind: type[Any]
    sensor: Sensor
    classes: int
    parts: tuple[dict[str, Any], ...] = ({"train": True}, {"train": False})
    needs: str = ""
    from_start: bool = False

    def __call__(
        self, root: Path | None, *, train: int = _DEFAULT.train, content: str = _DEFAULT.content
    ) -> Dataset:
        """Find the recordings; each is read when it is used.

        ``snnbench show shd`` has the parameters.

        Args:
            root: Where datasets are.

        Raises:
            DataError: A file cannot be read, or holds other than it should.
            UsageError: The package that reads it is not installed.
        """
        if self.needs and find_spec(self.needs) is None:
            raise UsageError(
                f"dataset {self.name!r} is read by the package {self.needs}, which is not installed",
                f"pip install 'snnbench[{self.needs}]'",
            )
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
        """Return what makes a split from tonic's arguments."""
        spec = next(spec for spec in specs.SPECS if spec.name == self.name)
        checksums = content or " ".join(file.checksum for file in spec.files)

        def make(**part: Any) -> Split:
            what = f"{self.name} {spec.version} {part} {checksums}"
            fingerprint = hashlib.sha256(what.encode()).hexdigest()
            try:
                source, records, labels = self._open(root, part, fingerprint, sort=not content)
            except DataError:
                raise
            except Exception:
                with reading(_damaged(root / self.kind.__name__)):
                    raise
            if not len(labels):
                raise DataError(f"{root / self.kind.__name__}: there are no recordings for {part}", _HINT)
            if isinstance(source, TonicSource):
                _check_count(source.dataset, contents(spec, root), len(labels))
            check_labels(source.where, records, labels, self.classes)
            return Split(Recordings(source, records.tolist()), torch.from_numpy(labels))

        return make

    def _open(
        self, root: Path, part: dict[str, Any], fingerprint: str, *, sort: bool
    ) -> tuple[Source, Numbers, Numbers]:
        """Return a source, the numbers of its records and their classes."""
        dataset = exact(self.kind)(str(root), **part)
        if isinstance(dataset, datasets.hsd.HSD):
            file = Path(dataset.location_on_system, dataset.data_filename)
            spikes = SpikesSource(file, self.sensor, fingerprint, sort)
            labels = whole_numbers(spikes.labels())
            return spikes, np.arange(len(labels)), labels
        records, labels = _records(dataset)
        return TonicSource(dataset, self.sensor, fingerprint, sort, self.from_start), records, labels


_HINT = "'snnbench data status' tells what is there"


def _damaged(folder: Path) -> Path:
    """Return the first file that its reader refuses, of the formats that tonic reads at once.

    If none does, return the folder.
    """
    for file in sorted(folder.rglob("*.*")):
        try:
            if file.suffix == ".npy":
                np.load(file, mmap_mode="r")
            elif file.suffix == ".h5":
                h5py.File(file).close()
        except Exception:
            return file
    return folder


def _records(dataset: Any) -> tuple[Numbers, Numbers]:
    """Return the numbers of all records and their classes.

    Their order does not depend on how the system lists a folder, as it does in tonic.
    """
    targets = np.asarray(dataset.targets)
    if not all(isinstance(file, str) for file in dataset.data):  # loaded already, folder by folder
        order = targets.argsort(kind="stable")
        return order, targets[order].astype(np.int64)
    named = enumerate(dataset.data)
    files = sorted((file, record) for record, file in named if not _is_annotation(dataset, Path(file)))
    order = np.array([record for _, record in files], np.int64)
    labels = targets[order]
    if labels.dtype.kind == "U":  # the folder's name
        labels = np.unique(labels, return_inverse=True)[1]
    return order, labels.astype(np.int64)


def _is_annotation(dataset: Any, file: Path) -> bool:
    """Return whether a file below the dataset's own folder is no recording, as some of N-Caltech101 are."""
    return "annotation" in file.relative_to(dataset.location_on_system).as_posix()


def _check_count(dataset: Any, files: list[Path], found: int) -> None:
    """Refuse recordings that tonic finds less or more of than are there, and than the checksum covers."""
    folder = Path(dataset.location_on_system, dataset.folder_name)
    there = [one for one in files if one.is_relative_to(folder) and not _is_annotation(dataset, one)]
    if found == len(there):
        return
    link = next((up for file in there for up in file.parents if folder in up.parents and up.is_symlink()), "")
    raise DataError(
        f"{folder}: {found} recordings are found, {len(there)} are there"
        + (f"; {link} is a link, which is not looked behind" if link else ""),
        "put the folders themselves there, named as published, or link the whole of it",
    )


shd = Recorded("shd", datasets.SHD, (700, 1, 1), 20)
ssc = Recorded(
    "ssc", datasets.SSC, (700, 1, 1), 35, parts=({"split": "train"}, {"split": "test"}, {"split": "valid"})
)
nmnist = Recorded("nmnist", datasets.NMNIST, (34, 34, 2), 10)
dvs_gesture = Recorded("dvs_gesture", datasets.DVSGesture, (128, 128, 2), 11)
cifar10_dvs = Recorded(
    "cifar10_dvs", datasets.CIFAR10DVS, (128, 128, 2), 10, parts=(), needs="aedat", from_start=True
)
pokerdvs = Recorded("pokerdvs", datasets.POKERDVS, (35, 35, 2), 4)
ncaltech101 = Recorded("ncaltech101", datasets.NCALTECH101, (240, 180, 2), 101, parts=())
