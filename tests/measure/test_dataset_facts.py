"""Class balance and test samples that were trained on, counted by hand; and how a reader is told."""

from __future__ import annotations

import numpy as np
import torch

from snnbench.components.datasets.digits import digits
from snnbench.components.datasets.synthetic_events import synthetic_events
from snnbench.data.dataset import Dataset, Split
from snnbench.data.events import Events
from snnbench.measure.dataset import BALANCE, OVERLAP, TEST_SAMPLES, dataset, remarks


def split(values: list[float], classes: list[int]) -> Split:
    return Split(torch.tensor(values, dtype=torch.float32)[:, None], torch.tensor(classes))


def data(test: list[float], remarks: tuple[str, ...] = ()) -> Dataset:
    train, validation = split([1, 2, 3, 4], [0, 0, 0, 1]), split([5, 6], [0, 1])
    return Dataset(train, validation, split(test, [0] * len(test)), 2, remarks)


def test_balance_is_of_the_training_split() -> None:
    assert dataset(data([9.0]))[BALANCE].value == 1 / 3


def test_the_test_samples_are_counted() -> None:
    counted = dataset(data([9.0, 8.0, 7.0]))[TEST_SAMPLES]
    assert (counted.value, counted.unit) == (3, "samples")


def test_overlap_counts_test_samples_that_were_seen() -> None:
    found = dataset(data([1.0, 5.0, 9.0, 9.0]))
    assert found[OVERLAP].value == 0.5
    assert remarks(data([1.0]), found) == ("overlap",)
    clean = data([9.0, 9.0], ("subset",))
    assert remarks(clean, dataset(clean)) == ("subset",)


def test_recordings_are_compared_event_by_event() -> None:
    def events(*recordings: list[tuple[int, int, int, int]]) -> Split:
        rows = [np.array(rows) for rows in recordings]
        return Split(Events.of(rows, (4, 4, 2)), torch.zeros(len(rows), dtype=torch.int64))

    one, other = [(0, 1, 1, 0), (5, 2, 2, 1)], [(0, 1, 1, 0), (6, 2, 2, 1)]
    made = Dataset(events(one), events(other[:1]), events(other, one, other[:1]), 1)
    assert dataset(made)[OVERLAP].value == 2 / 3


def test_the_datasets_inside_are_clean() -> None:
    for made in (digits(None), synthetic_events(None, train=40)):
        facts = dataset(made)
        assert facts[OVERLAP].value == 0
        assert facts[BALANCE].value is not None and facts[BALANCE].value > 0.9
