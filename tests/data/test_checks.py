"""What a plugin's dataset may be, and how it is told that it is not."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import one_hot

from snnbench.data.checks import checked
from snnbench.data.dataset import Dataset, Split
from snnbench.data.events import Events
from snnbench.data.sequences import Sequences
from snnbench.errors import DataError

X, Y = torch.rand(80, 1, 8, 8, generator=torch.Generator().manual_seed(0)), torch.arange(80) % 2
Convert = Callable[[Any], Any]


def same(value: Any) -> Any:
    return value


def made(x: Convert = same, y: Convert = same, part: str = "validation") -> Dataset:
    """A dataset of 48, 16 and 16 images, one split of which is changed."""
    parts = {"train": slice(0, 48), "validation": slice(48, 64), "test": slice(64, 80)}
    splits = {name: Split(X[where], Y[where]) for name, where in parts.items()}
    splits[part] = Split(x(X[parts[part]]), y(Y[parts[part]]))
    return Dataset(**splits, classes=2)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (lambda x: x.double(), same),
        (lambda x: x.double().numpy(), lambda y: y.numpy()),
        (np.asfortranarray, lambda y: y.numpy()[::-1][::-1]),
        (same, lambda y: y.int()),
        (same, lambda y: y.to(torch.uint8)),
        (same, lambda y: y.bool()),
        (same, lambda y: y.tolist()),
    ],
)
def test_what_can_mean_one_thing_only_is_converted(x: Convert, y: Convert) -> None:
    split = checked(made(x, y), "odd", "image").validation
    assert (split.x.dtype, split.y.dtype) == (torch.float32, torch.int64)  # type: ignore[union-attr]
    assert torch.equal(split.x, X[48:64]) and torch.equal(split.y, Y[48:64])  # type: ignore[arg-type]
    assert torch.equal(split.x[:3], X[48:51])  # type: ignore[arg-type]


def test_samples_that_carry_a_gradient_are_detached() -> None:
    split = checked(made(lambda x: x.clone().requires_grad_()), "odd", "image").validation
    assert not split.x.requires_grad and torch.equal(split.x, X[48:64])  # type: ignore[union-attr,arg-type]


@pytest.mark.parametrize("kind", [torch.uint8, torch.bool, torch.int64])
def test_spikes_may_be_whole_numbers(kind: torch.dtype) -> None:
    data = checked(made(lambda x: (x > 0.5).to(kind)), "odd", "image")
    assert torch.equal(data.validation.x, (X[48:64] > 0.5).float())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("x", "y", "message", "hint"),
    [
        (same, lambda y: y[:10], "16 samples and 10 labels", "one label"),
        (lambda x: x[:10], same, "10 samples and 16 labels", "one label"),
        (lambda x: x[:0], lambda y: y[:0], "it has no samples", "need some"),
        (same, lambda y: one_hot(y, 2), r"labels of shape \[16, 2\]", r"y\.argmax\(1\)"),
        (same, lambda y: y[:, None], r"labels of shape \[16, 1\]", r"y\.flatten\(\)"),
        (same, lambda y: y + 1, r"labels run from 1 to 2, outside 0 … 1", "y - 1"),
        (same, lambda y: y - 1, r"from -1 to 0, outside 0 … 1; y\[0\] = -1", "mend"),
        (same, lambda y: y * 7, r"from 0 to 7, outside 0 … 1; y\[1\] = 7", "mend"),
        (same, lambda y: y.float(), "labels are torch.float32", r"y\.long\(\)"),
        (same, lambda y: np.array(["a"] * 16), "labels are no numbers", "tensor"),
        (lambda x: (255 * x).byte(), same, "samples are torch.uint8, and not all are 0 or 1", "/ 255"),
        (lambda x: x[:, 0], same, r"samples are \[8, 8\], those of train \[1, 8, 8\]", "one shape"),
        (lambda x: x[:, 0, 0, 0], same, r"samples of shape \[16\]", "unsqueeze"),
        (list, same, "its samples are a list", "give a Tensor"),
        (
            lambda x: Sequences(x, x[:, 0, 0, 0].long()),
            same,
            "data='image', but its samples are a Seq",
            "data=",
        ),
    ],
)
@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_what_is_wrong_is_named_with_dataset_split_and_remedy(
    x: Convert, y: Convert, message: str, hint: str, part: str
) -> None:
    if part == "train" and "those of train" in message:
        pytest.skip("then the others differ from it")
    size = "16" if part != "train" else "48"
    with pytest.raises(DataError, match=message.replace("16", size)) as caught:
        checked(made(x, y, part), "odd", "image")
    assert caught.value.message.startswith(f"dataset 'odd', split {part!r}: ")
    assert re.search(hint, caught.value.hint)


def test_what_is_no_dataset_is_named() -> None:
    with pytest.raises(DataError, match="dataset 'odd' is a tuple"):
        checked((X, Y), "odd", "image")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="split 'test': it is a tuple"):
        checked(Dataset(made().train, made().train, (X, Y), 2), "odd", "image")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lengths", "message"),
    [([1, 2, 3], "from 1 to 9"), ([0, 2, 3], "from 0 to 3"), ([1.0, 2, 3], "lengths are torch.float32")],
)
def test_lengths_of_sequences_lie_within_them(lengths: list[float], message: str) -> None:
    good = Split(Sequences(torch.rand(3, 5, 2), torch.tensor([1, 5, 3])), torch.tensor([0, 1, 0]))
    assert checked(Dataset(good, good, good, 2), "odd", "sequence").shape == (5, 2)
    wrong = torch.tensor(lengths)
    wrong = torch.where(wrong == 2, 9, wrong) if message.endswith("9") else wrong
    bad = Split(Sequences(torch.rand(3, 5, 2), wrong), good.y)
    with pytest.raises(DataError, match=message):
        checked(Dataset(good, good, bad, 2), "odd", "sequence")


def test_events_are_within_their_sensor_and_offsets() -> None:
    events = Events.of([np.array([[0, 1, 1, 0]]), np.array([[5, 2, 1, 1]])], (3, 2, 2))
    good = Split(events, torch.tensor([0, 1]))
    assert checked(Dataset(good, good, good, 2), "odd", "events").shape == (2, 2, 3)
    for bad in (
        Events(events.rows, events.offsets, (2, 2, 2)),
        Events(events.rows, torch.tensor([0, 1, 3]), events.sensor),
    ):
        with pytest.raises(DataError, match="dataset 'odd', split 'test'"):
            checked(Dataset(good, good, Split(bad, good.y), 2), "odd", "events")
