"""Published images through torchvision (TorchVision maintainers 2016): its readers, its folders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision import datasets
from torchvision.datasets.mnist import read_image_file, read_label_file

from snnbench.components.datasets.splits import check_labels, published, reading
from snnbench.engine.data import Dataset, Split
from snnbench.errors import DataError
from snnbench.fetch import data_root

Arrays: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.int64]]
Reader: TypeAlias = Callable[[Path, str], Arrays]
"""Reads images ``[N, C, H, W]`` and labels ``[N]`` from one file, or one pair of files, below a root."""


@dataclass(frozen=True)
class Images:
    """A set of images ``[C, H, W]``, intensities k/255 in [0, 1].

    Called as the factory of a dataset. A tenth of the training images validates.

    Attributes:
        name: Of the dataset.
        read: Reads one of its files.
        train: The files of the official training split, in order.
        test: Those of the official test split.
        shape: ``(C, H, W)``.
        classes: Number of classes.
    """

    name: str
    read: Reader
    train: tuple[str, ...]
    test: tuple[str, ...]
    shape: tuple[int, int, int]
    classes: int = 10

    def __call__(self, root: Path | None, *, train: int = 0, content: str = "") -> Dataset:
        """Load it.

        Args:
            root: Where datasets are.
            train: Training images to keep, the classes in proportion; 0 for all.
            content: Not empty where the files are not the published ones.

        Raises:
            DataError: A file cannot be read, or holds other than it should.
        """
        first, test = (self._split(data_root(root), files) for files in (self.train, self.test))
        return published(self.name, first, test, self.classes, validation=None, size=train, content=content)

    def _split(self, root: Path, files: tuple[str, ...]) -> Split:
        x, y = zip(*(self._part(root, file) for file in files), strict=True)
        images = torch.from_numpy(np.concatenate(x))
        return Split(images / 255, torch.from_numpy(np.concatenate(y)))

    def _part(self, root: Path, file: str) -> Arrays:
        with reading(root / file):
            x, y = self.read(root, file)
        if x.shape[1:] != self.shape:
            raise DataError(
                f"{root / file}: its images are {list(x.shape[1:])}, expected {list(self.shape)}",
                "it is not the file it should be",
            )
        if len(x) != len(y):
            raise DataError(f"{root / file}: {len(x)} images and {len(y)} labels", "a file is incomplete")
        check_labels(lambda record: f"{root / file}: record {record}", np.arange(len(y)), y, self.classes)
        return x, y


def _idx(root: Path, stem: str) -> Arrays:
    """A pair of files in MNIST's format."""
    with reading(root / f"{stem}-images-idx3-ubyte"):
        images = read_image_file(f"{root / stem}-images-idx3-ubyte")
    with reading(root / f"{stem}-labels-idx1-ubyte"):
        labels = read_label_file(f"{root / stem}-labels-idx1-ubyte")
    return images[:, None].numpy(), labels.numpy()


def _pickled(kind: type[Any]) -> Reader:
    """Reads one batch of CIFAR: as if it were the whole training split, so that an error names the file."""

    def read(root: Path, file: str) -> Arrays:
        folder, name = file.split("/")
        own = {"train_list": [[name, None]], "test_list": [], "base_folder": folder, "_load_meta": _nothing}
        batch = type(kind.__name__, (kind,), own)(root)
        return batch.data.transpose(0, 3, 1, 2), np.asarray(batch.targets, np.int64)

    return read


def _nothing(batch: object) -> None:
    """In place of reading the names of the classes."""


def _mat(root: Path, file: str) -> Arrays:
    """A MATLAB file of SVHN."""
    kind = type("SVHN", (datasets.SVHN,), {"_check_integrity": lambda self: True})
    part = kind(root, split=file.partition("_")[0])
    return part.data, part.labels


def _mnist(name: str, folder: str) -> Images:
    return Images(name, _idx, (f"{folder}/raw/train",), (f"{folder}/raw/t10k",), (1, 28, 28))


mnist = _mnist("mnist", "MNIST")
fashion_mnist = _mnist("fashion_mnist", "FashionMNIST")
kmnist = _mnist("kmnist", "KMNIST")
cifar10 = Images(
    "cifar10",
    _pickled(datasets.CIFAR10),
    tuple(f"cifar-10-batches-py/data_batch_{number}" for number in range(1, 6)),
    ("cifar-10-batches-py/test_batch",),
    (3, 32, 32),
)
cifar100 = Images(
    "cifar100",
    _pickled(datasets.CIFAR100),
    ("cifar-100-python/train",),
    ("cifar-100-python/test",),
    (3, 32, 32),
    classes=100,
)
svhn = Images("svhn", _mat, ("train_32x32.mat",), ("test_32x32.mat",), (3, 32, 32))
