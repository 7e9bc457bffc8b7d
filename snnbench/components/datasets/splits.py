"""Cutting a dataset into splits: stratified, by a fixed seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import train_test_split

from snnbench.data.dataset import Dataset, Split
from snnbench.errors import DataError, UsageError

SPLIT_SEED = 0
"""The cut is part of the dataset, not of a cell: the same for every seed of a matrix."""

VALIDATION = 0.1
"""The share of the training samples that validates."""


def split(x: NDArray[np.float32], y: NDArray[np.int64]) -> Split:
    """Return the tensors from arrays ``x`` ``[N, *shape]`` and ``y`` ``[N]``."""
    return Split(torch.from_numpy(np.ascontiguousarray(x)), torch.from_numpy(np.ascontiguousarray(y)))


def cut(whole: Split, size: float) -> tuple[Split, Split]:
    """Cut a share (float) or a number (int) of samples off, the classes in proportion: ``(rest, cut)``."""
    return _cut(whole, test_size=size)


def _cut(whole: Split, **size: float) -> tuple[Split, Split]:
    indices = train_test_split(
        np.arange(len(whole)), **size, stratify=whole.y.numpy(), random_state=SPLIT_SEED
    )
    rest, cut = (whole.select(torch.from_numpy(index)) for index in indices)
    return rest, cut


def published(
    name: str, train: Split, test: Split, classes: int, *, validation: Split | None, size: int, content: str
) -> Dataset:
    """Return a dataset with an official test split.

    Validation is cut from the training samples if it has none.

    Args:
        name: Of the dataset, for errors.
        train: The official training split.
        test: The official test split.
        classes: Number of classes.
        validation: The official validation split, if there is one.
        size: Training samples to keep, the classes in proportion; 0 for all.
        content: Not empty where the files are not the published ones.

    Raises:
        DataError: A class has no sample, or too few to be cut.
        UsageError: There are not that many training samples.
    """
    counts = train.y.bincount(minlength=classes)
    if not counts.all():
        raise DataError(
            f"dataset {name!r}: class {int(counts.argmin())} has no training sample",
            "a file is missing or damaged, or it is not the whole dataset",
        )
    if validation is None:
        try:
            train, validation = cut(train, VALIDATION)
        except ValueError as error:
            raise DataError(
                f"dataset {name!r}: its {len(train)} samples cannot be cut: {error}", "it needs more"
            ) from None
    remarks = ("unpublished files",) if content else ()
    if size:
        train, remarks = subset(name, train, size), (*remarks, "subset")
    return Dataset(train, validation, test, classes, remarks)


def subset(name: str, train: Split, size: int) -> Split:
    """Return ``size`` of the training samples, the classes in proportion, by the seed of all cuts.

    Raises:
        UsageError: There are not that many, or too few are asked for.
    """
    least = int(train.y.bincount().count_nonzero())
    if not least <= size <= len(train) - least:
        raise UsageError(
            f"dataset {name!r}: train={size} of {len(train)} training samples",
            "at least one of each class is taken, and one left; 0 is all of them",
        )
    try:
        return _cut(train, train_size=size)[0]
    except ValueError as error:
        raise UsageError(f"dataset {name!r}: train={size} cannot be cut: {error}", "0 is all") from None


def check_labels(
    where: Callable[[int], str], records: NDArray[np.int64], labels: NDArray[np.int64], classes: int
) -> None:
    """Refuse a class outside 0 … classes − 1.

    Args:
        where: Names a record.
        records: The numbers of the records.
        labels: The class of each.
        classes: Number of classes.

    Raises:
        DataError: It names the first record with one.
    """
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(wrong):
        raise DataError(
            f"{where(int(records[wrong[0]]))} has label {labels[wrong[0]]}, outside 0 … {classes - 1}",
            "it is damaged, or not the file it should be",
        )


def whole_numbers(labels: ArrayLike) -> NDArray[np.int64]:
    """Return labels ``[N]`` as int64.

    Raises:
        ValueError: One is no whole number: a cast would make another class of it.
    """
    found = np.asarray(labels)
    numbers = found.astype(np.int64)
    if not np.array_equal(numbers, found):
        raise ValueError(f"a label is {found[numbers != found][0]}, not a whole number")
    return numbers


@contextmanager
def reading(what: Path | str) -> Iterator[None]:
    """Turn whatever a library raises on reading ``what`` into an error that names it."""
    try:
        yield
    except (DataError, UsageError):
        raise
    except Exception as error:
        raise DataError(
            f"{what} cannot be read: {type(error).__name__}: {error}",
            "it is missing, damaged or incomplete: 'snnbench data status' and 'download' tell and repair",
        ) from error
