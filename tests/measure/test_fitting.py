"""Recordings whose times are in another unit than the window's are told, with counts made by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from snnbench.components.encoders.frames import Frames
from snnbench.data.dataset import Dataset, Split
from snnbench.data.events import Events
from snnbench.measure.fitting import DURATION, OUTSIDE, PADDING, fitting, remarks


def recordings(count: int, last_us: int) -> Dataset:
    """Each of 11 events, equally spaced from 0 on."""
    rows = np.zeros((11, 4), np.int64)
    rows[:, 0] = np.linspace(0, last_us, 11)
    split = Split(Events.of([rows] * count, (1, 1, 1)), torch.zeros(count, dtype=torch.int64))
    return Dataset(split, split, split, 1)


@pytest.mark.parametrize(
    ("last_us", "outside", "padding", "marks"),
    [
        (1_000_000, 1 / 11, 0, ("events cut off",)),  # the last event is where the last bin ends
        (999_990, 0, 0, ()),
        (1_000_000_000, 10 / 11, 0, ("events cut off",)),  # in ms, read as s
        (499_990, 0, 0.5, ()),
        (1_000, 0, 0.9, ()),
    ],
)
@pytest.mark.parametrize("count", [1, 7, 300])
def test_what_is_cut_off_and_what_is_padding(
    last_us: int, outside: float, padding: float, marks: tuple[str, ...], count: int
) -> None:
    facts = fitting(recordings(count, last_us), Frames(10, window_ms=100), 10)
    assert facts[OUTSIDE].value == pytest.approx(outside)
    assert facts[PADDING].value == pytest.approx(padding)
    assert (facts[DURATION].value, facts[DURATION].unit) == (pytest.approx(last_us / 1e6), "s")
    assert remarks(facts) == marks


def test_bins_that_share_each_recording_hold_all_of_it() -> None:
    facts = fitting(recordings(3, 1_000_000_000), Frames(10), 10)
    assert (facts[OUTSIDE].value, facts[PADDING].value) == (0, 0)


def test_many_bins_for_short_recordings_are_marked() -> None:
    facts = fitting(recordings(3, 999), Frames(25, window_ms=100), 25)
    assert facts[PADDING].value == pytest.approx(24 / 25)
    assert remarks(facts) == ("mostly padding",)


def test_an_encoder_that_does_not_tell_has_a_reason() -> None:
    facts = fitting(recordings(3, 999), lambda x, generator: torch.zeros(1), 10)
    assert facts[OUTSIDE].value is None and "does not say" in facts[OUTSIDE].reason
    assert remarks(facts) == ()


def test_images_have_no_times() -> None:
    split = Split(torch.rand(3, 4), torch.zeros(3, dtype=torch.int64))
    assert fitting(Dataset(split, split, split, 1), lambda x, generator: x, 10) == {}
