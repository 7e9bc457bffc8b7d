"""Published images, in the folders of torchvision (TorchVision maintainers 2016)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.io import loadmat
from torchvision.datasets.mnist import read_image_file, read_label_file

from snnbench.components.datasets import SPECS
from snnbench.components.datasets.pickles import load_plain
from snnbench.components.datasets.splits import check_labels, published, reading, whole_numbers
from snnbench.data.dataset import Dataset, Split
from snnbench.data.files import data_root
from snnbench.errors import DataError
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "mnist")

Arrays: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.int64]]
Reader: TypeAlias = Callable[[Path, str], Arrays]
"""Reads images ``[N, C, H, W]`` and labels ``[N]`` from one file, or one pair of files, below a root."""

_WRONG = "it is not the file it should be"


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

    def __call__(
        self, root: Path | None, *, train: int = _DEFAULT.train, content: str = _DEFAULT.content
    ) -> Dataset:
        """Load it.

        ``snnbench show mnist`` has the parameters.

        Args:
            root: Where datasets are.

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
        if x.dtype != np.uint8:
            raise DataError(f"{root / file}: its images are {x.dtype}, expected uint8, 0 … 255", _WRONG)
        if x.shape[1:] != self.shape:
            raise DataError(
                f"{root / file}: its images are {list(x.shape[1:])}, expected {list(self.shape)}",
                _WRONG,
            )
        if len(x) != len(y):
            raise DataError(f"{root / file}: {len(x)} images and {len(y)} labels", "a file is incomplete")
        check_labels(lambda record: f"{root / file}: record {record}", np.arange(len(y)), y, self.classes)
        return x, y


def _idx(root: Path, stem: str) -> Arrays:
    """Return a pair of files in MNIST's format."""
    with reading(root / f"{stem}-images-idx3-ubyte"):
        images = read_image_file(f"{root / stem}-images-idx3-ubyte")
    with reading(root / f"{stem}-labels-idx1-ubyte"):
        labels = read_label_file(f"{root / stem}-labels-idx1-ubyte")
    return images[:, None].numpy(), labels.numpy()


def _batch(labels: str) -> Reader:
    """Reads one batch of CIFAR, whose classes it calls ``labels``."""

    def read(root: Path, file: str) -> Arrays:
        batch = load_plain(root / file)
        return np.reshape(batch["data"], (-1, 3, 32, 32)), whole_numbers(batch[labels])

    return read


def _mat(root: Path, file: str) -> Arrays:
    """Return a MATLAB file of SVHN, which calls the digit 0 class 10."""
    part = loadmat(root / file, variable_names=("X", "y"))
    labels = whole_numbers(part["y"].ravel())
    return part["X"].transpose(3, 2, 0, 1), np.where(labels == 10, 0, labels)


def _mnist(name: str, folder: str) -> Images:
    return Images(name, _idx, (f"{folder}/raw/train",), (f"{folder}/raw/t10k",), (1, 28, 28))


mnist = _mnist("mnist", "MNIST")
fashion_mnist = _mnist("fashion_mnist", "FashionMNIST")
kmnist = _mnist("kmnist", "KMNIST")
cifar10 = Images(
    "cifar10",
    _batch("labels"),
    tuple(f"cifar-10-batches-py/data_batch_{number}" for number in range(1, 6)),
    ("cifar-10-batches-py/test_batch",),
    (3, 32, 32),
)
cifar100 = Images(
    "cifar100",
    _batch("fine_labels"),
    ("cifar-100-python/train",),
    ("cifar-100-python/test",),
    (3, 32, 32),
    classes=100,
)
svhn = Images("svhn", _mat, ("train_32x32.mat",), ("test_32x32.mat",), (3, 32, 32))
