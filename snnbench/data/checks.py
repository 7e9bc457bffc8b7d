"""Check once, before anything is made of a dataset, that it is what the engine takes."""

from __future__ import annotations

from typing import Any, Final, cast

import numpy as np
import torch
from torch import Tensor

from snnbench.data.dataset import Dataset, Samples, Split
from snnbench.data.events import Events
from snnbench.data.recordings import Recordings
from snnbench.data.sequences import Sequences
from snnbench.errors import DataError

PARTS: Final = ("train", "validation", "test")
TYPES: Final = {"events": (Events, Recordings), "sequence": (Tensor, Sequences), "image": (Tensor,)}
"""Kind of data to the types that may hold its samples."""

SHAPES: Final = {"sequence": "[N, T, *features]", "image": "[N, *shape]"}


def checked(data: object, name: str, kind: str) -> Dataset:
    """Return ``data`` as the engine takes it: float32 samples, int64 classes.

    What is harmless is converted: arrays of numpy, floats of another width, whole numbers that are all
    0 or 1, labels of another width. What could mean two things is refused.

    Args:
        data: As a dataset's factory returns it.
        name: The dataset's, for errors.
        kind: Of its samples: ``image``, ``sequence`` or ``events``.

    Raises:
        DataError: A split is not what it must be; it names dataset, split and how to mend it.
    """
    if not isinstance(data, Dataset):
        hint = "its factory returns snnbench.Dataset(train, validation, test, classes)"
        raise DataError(f"dataset {name!r} is a {type(data).__name__}", hint)
    splits = {part: _split(getattr(data, part), data.classes, kind, _At(name, part)) for part in PARTS}
    first = splits["train"].x.shape
    for part, split in splits.items():
        same = slice(2 if kind == "sequence" else 1, None)  # sequences may differ in their number of steps
        if split.x.shape[same] != first[same]:
            found = f"are {list(split.x.shape[1:])}, those of train {list(first[1:])}"
            raise _At(name, part).error(f"samples {found}", "all samples have one shape")
    return Dataset(splits["train"], splits["validation"], splits["test"], data.classes, data.remarks)


class _At:
    """Errors name a split of a dataset by this."""

    def __init__(self, name: str, part: str) -> None:
        self.place = f"dataset {name!r}, split {part!r}"

    def error(self, found: str, hint: str) -> DataError:
        return DataError(f"{self.place}: {found}", hint)


def _split(split: Split, classes: int, kind: str, at: _At) -> Split:
    if not isinstance(split, Split):
        raise at.error(f"it is a {type(split).__name__}", "make it by snnbench.Split(x, y)")
    x, y = _samples(split.x, kind, at), _labels(split.y, classes, at)
    if len(x) != len(y):
        raise at.error(f"{len(x)} samples and {len(y)} labels", "each sample has one label")
    if not len(y):
        raise at.error("it has no samples", "train, validation and test all need some")
    _check_range(y, classes, at)
    return Split(x, y)


def _samples(x: Any, kind: str, at: _At) -> Samples:
    if isinstance(x, np.ndarray):
        x = _tensor(x, "samples", at)
    if isinstance(x, Tensor) and kind != "events":
        return _floats(x, kind, at)
    if not isinstance(x, TYPES[kind]):
        wanted = " or ".join(one.__name__ for one in TYPES[kind])
        raise at.error(
            f"its spec says data={kind!r}, but its samples are a {type(x).__name__}",
            f"give a {wanted}, or the data= of its DatasetSpec that is true",
        )
    if isinstance(x, Sequences):
        _check_lengths(x, at)
        return Sequences(_floats(x.values, kind, at), x.lengths)
    if isinstance(x, Events):
        if x.offsets[0] != 0 or x.offsets[-1] != len(x.rows) or bool((x.offsets.diff() < 0).any()):
            raise at.error("the offsets of its events do not end where its rows do", "make it by Events.of")
        Events.check(x.rows.numpy(), x.sensor, f"{at.place}: ")
    return cast(Events | Recordings, x)


def _floats(x: Tensor, kind: str, at: _At) -> Tensor:
    """Return samples as float32, if that is what they can mean."""
    if x.ndim < (3 if kind == "sequence" else 2):
        shape = list(x.shape)
        raise at.error(f"samples of shape {shape} are not {SHAPES[kind]}", "x.unsqueeze(-1) adds a feature")
    if x.is_floating_point():
        return x.detach().float()
    if not bool(((x == 0) | (x == 1)).all()):
        raise at.error(
            f"samples are {x.dtype}, and not all are 0 or 1",
            "give float32: x.float() / 255 makes intensities of bytes, x.float() keeps the values",
        )
    return x.float()


def _check_lengths(x: Sequences, at: _At) -> None:
    lengths, steps = x.lengths, x.values.shape[1]
    if lengths.dtype != torch.int64 or lengths.shape != x.values.shape[:1]:
        raise at.error(
            f"its lengths are {lengths.dtype} {list(lengths.shape)} for {len(x.values)} sequences",
            "int64, one a sequence",
        )
    if len(lengths) and not 1 <= int(lengths.min()) <= int(lengths.max()) <= steps:
        found = f"its lengths run from {lengths.min()} to {lengths.max()}"
        raise at.error(found, f"a sequence has 1 to T = {steps} real steps")


def _labels(labels: Any, classes: int, at: _At) -> Tensor:
    """Return classes ``[N]`` as int64, if that is what they can mean."""
    y: Tensor = labels if isinstance(labels, Tensor) else _tensor(labels, "labels", at)
    if y.ndim != 1:
        one_hot = y.ndim == 2 and y.shape[1] == classes > 1
        hint = "y.argmax(1) makes class numbers of one-hot rows" if one_hot else "y.flatten() if that is [N]"
        raise at.error(f"labels of shape {list(y.shape)} are not [N]", hint)
    if y.is_floating_point() or y.is_complex():
        raise at.error(f"labels are {y.dtype}", f"class numbers are whole, 0 … {classes - 1}: y.long()")
    return y.long()


def _check_range(y: Tensor, classes: int, at: _At) -> None:
    low, high = int(y.min()), int(y.max())
    if low < 0 or high >= classes:
        where = int(((y < 0) | (y >= classes)).nonzero()[0])
        raise at.error(
            f"labels run from {low} to {high}, outside 0 … {classes - 1}; y[{where}] = {y[where]}",
            "classes count from 0: y - 1"
            if low == 1 and high == classes
            else "give all classes=, or mend it",
        )


def _tensor(values: Any, what: str, at: _At) -> Tensor:
    try:
        return torch.from_numpy(np.ascontiguousarray(values))
    except (TypeError, ValueError) as error:
        raise at.error(f"{what} are no numbers that torch takes: {error}", "give a tensor") from None
