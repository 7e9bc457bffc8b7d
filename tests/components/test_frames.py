from __future__ import annotations

import numpy as np
import pytest
import real_data
import torch
from hypothesis import given
from hypothesis import strategies as st
from tonic.datasets import POKERDVS
from tonic.io import read_mnist_file
from tonic.transforms import ToFrame

from snnbench.components.encoders.frames import Frames
from snnbench.data.events import Events
from snnbench.errors import UsageError

DATA = real_data.FOLDER
NMNIST, POKER = DATA / "nmnist_small" / "NMNIST", DATA / "pokerdvs"
SENSOR = (5, 3, 2)

event = st.tuples(st.integers(-50, 3000), st.integers(0, 4), st.integers(0, 2), st.integers(0, 1))
streams = st.lists(st.lists(event, max_size=40), min_size=1, max_size=4)


def recording(rows: list[tuple[int, ...]]) -> np.ndarray:
    return np.array(rows, dtype=np.int64).reshape(-1, 4)


def frames(
    streams: list[np.ndarray], steps: int, window_ms: float = 0.0, sensor: tuple[int, int, int] = SENSOR
) -> torch.Tensor:
    return Frames(steps, window_ms=window_ms)(Events.of(streams, sensor), torch.Generator())


def histogram(
    rows: np.ndarray, steps: int, window: int | None, sensor: tuple[int, int, int] = SENSOR
) -> np.ndarray:
    """Counts ``[T, P, H, W]`` by numpy. Times are stretched T-fold, so that all edges are whole numbers."""
    width, height, polarities = sensor
    time = steps * (rows[:, 0] - rows[:, 0].min(initial=2**40))
    bin_width = steps * window if window else max(int(time.max(initial=0)) // steps, 1)
    time = time if window else np.minimum(time, steps * bin_width)
    edges = [
        np.arange(steps + 1) * bin_width,
        *(np.arange(n + 1) - 0.5 for n in (polarities, height, width)),
    ]
    if window:  # numpy's last bin is closed, that of a window is not
        rows, time = rows[time < steps * bin_width], time[time < steps * bin_width]
    return np.histogramdd(np.column_stack([time, rows[:, [3, 2, 1]]]), edges)[0]


@given(streams=streams, steps=st.sampled_from([1, 2, 7, 25, 1000]))
def test_bins_of_the_recording_are_numpys_and_keep_every_event(
    streams: list[list[tuple[int, ...]]], steps: int
) -> None:
    whole = [recording(rows) for rows in streams]
    counts = frames(whole, steps)
    assert counts.shape == (steps, len(whole), 2, 3, 5)
    assert counts.dtype == torch.float32
    assert counts.sum((0, 2, 3, 4)).tolist() == [len(rows) for rows in whole]
    for index, rows in enumerate(whole):
        np.testing.assert_array_equal(counts[:, index], histogram(rows, steps, None))


@given(
    streams=streams, steps=st.sampled_from([1, 2, 25, 1000]), window=st.sampled_from([1, 7, 100, 3050, 10**6])
)
def test_bins_of_a_window_are_numpys(streams: list[list[tuple[int, ...]]], steps: int, window: int) -> None:
    whole = [recording(rows) for rows in streams]
    counts = frames(whole, steps, window_ms=window / 1000)
    for index, rows in enumerate(whole):
        np.testing.assert_array_equal(counts[:, index], histogram(rows, steps, window))


@given(streams=streams, steps=st.sampled_from([1, 2, 25]), window=st.sampled_from([0, 7, 100, 3050]))
def test_bins_from_time_zero_are_numpys(
    streams: list[list[tuple[int, ...]]], steps: int, window: int
) -> None:
    whole = [recording(rows) for rows in streams]
    encoder = Frames(steps, window_ms=window / 1000, start="zero")
    events = Events.of(whole, SENSOR)
    counts, outside = encoder(events, torch.Generator()), encoder.outside(events)
    lengths = encoder.lengths(events)
    for index, rows in enumerate(whole):
        after = rows[rows[:, 0] >= 0]
        begun = np.concatenate([[[0, 0, 0, 0]], after])  # an event at time 0, which is then taken off
        expected = histogram(begun, steps, window or None)
        expected[0, 0, 0, 0] -= 1
        np.testing.assert_array_equal(counts[:, index], expected)
        assert outside[index] == len(rows) - expected.sum()
        if lengths is not None:
            assert lengths[index] == min(max(after[:, 0].max(initial=0) // window + 1, 1), steps)


@given(streams=streams, window=st.sampled_from([0, 7, 100]))
def test_events_in_no_bin_are_counted(streams: list[list[tuple[int, ...]]], window: int) -> None:
    events = Events.of([recording(rows) for rows in streams], SENSOR)
    encoder = Frames(5, window_ms=window / 1000)
    kept = encoder(events, torch.Generator()).sum((0, 2, 3, 4))
    assert encoder.outside(events).tolist() == (events.offsets.diff() - kept).tolist()


@given(rows=st.lists(event, min_size=1, max_size=40), seed=st.integers(0, 9))
def test_the_order_of_events_does_not_matter(rows: list[tuple[int, ...]], seed: int) -> None:
    shuffled = np.random.default_rng(seed).permutation(recording(rows))
    for window in (0.0, 0.1):
        assert torch.equal(frames([shuffled], 7, window), frames([recording(rows)], 7, window))


def test_a_count_has_its_place() -> None:
    rows = recording([(0, 4, 1, 0), (10, 4, 1, 0), (60, 2, 0, 1), (99, 0, 2, 1), (100, 0, 2, 1)])
    counts = frames([rows], 10)[:, 0]
    expected = torch.zeros(10, 2, 3, 5)
    expected[0, 0, 1, 4] = expected[1, 0, 1, 4] = expected[6, 1, 0, 2] = 1
    expected[9, 1, 2, 0] = 2  # the last bin is closed
    assert torch.equal(counts, expected)


def test_a_window_cuts_off_or_pads() -> None:
    rows = recording([(1000 * ms, 0, 0, 0) for ms in range(20, 30)])
    assert frames([rows], 2, window_ms=3.0).sum((1, 2, 3, 4)).tolist() == [3, 3]
    assert frames([rows], 6, window_ms=3.0).sum((1, 2, 3, 4)).tolist() == [3, 3, 3, 1, 0, 0]


@pytest.mark.parametrize("window_ms", [0.0, 1.0])
@pytest.mark.parametrize("steps", [1, 1000])
def test_without_a_span_all_is_in_the_first_bin(steps: int, window_ms: float) -> None:
    empty, single, burst = recording([]), recording([(77, 1, 2, 1)]), recording([(5, 1, 2, 0)] * 9)
    counts = frames([empty, single, burst], steps, window_ms)
    assert counts[0].sum((1, 2, 3)).tolist() == [0, 1, 9]
    assert counts[1:].sum() == 0


def test_a_sensor_of_one_line_and_one_polarity() -> None:
    counts = frames([recording([(0, 6, 0, 0), (9, 0, 0, 0)])], 3, sensor=(7, 1, 1))
    assert counts.shape == (3, 1, 1, 1, 7)
    assert counts.nonzero().tolist() == [[0, 0, 0, 0, 6], [2, 0, 0, 0, 0]]


def test_counts_beyond_tonics_16_bits_are_refused() -> None:
    hot = np.zeros((2**15, 4), np.int64)
    assert frames([hot[1:]], 1).max() == 2**15 - 1
    with pytest.raises(UsageError, match="32,767"):
        frames([hot], 1)


def test_what_is_no_events_is_refused() -> None:
    with pytest.raises(UsageError, match=r"takes events, got a tensor of shape \[2, 3\]"):
        Frames(3)(torch.zeros(2, 3), torch.Generator())
    with pytest.raises(UsageError, match="1 µs"):
        Frames(3, window_ms=0.0005)


def test_events_are_left_as_they_are() -> None:
    rows = recording([(9, 1, 1, 1), (3, 2, 2, 0)])
    events = Events.of([rows], SENSOR)
    before = [tensor.clone() for tensor in events.tensors]
    state = torch.random.get_rng_state()
    first = Frames(4)(events, torch.Generator())
    assert torch.equal(first, Frames(4)(events, torch.Generator().manual_seed(9)))
    assert all(torch.equal(a, b) for a, b in zip(before, events.tensors, strict=True))
    assert torch.equal(state, torch.random.get_rng_state())


def real(name: str) -> tuple[list[np.ndarray], tuple[int, int, int]]:
    """A few real recordings as tonic reads them, structured."""
    if name == "nmnist":
        if not NMNIST.is_dir():
            pytest.skip("the N-MNIST recordings are not at hand")
        files = sorted(NMNIST.glob("Test/*/*.bin"))[::7][:10]
        return [read_mnist_file(file, np.dtype([(k, int) for k in "xytp"])) for file in files], (34, 34, 2)
    if not POKER.is_dir():
        pytest.skip("the POKER-DVS recordings are not at hand")
    dataset = POKERDVS(POKER, train=False)
    return [dataset[index][0] for index in range(10)], (35, 35, 2)


def plain(events: np.ndarray) -> np.ndarray:
    return np.stack([events[field].astype(np.int64) for field in "txyp"], axis=1)


@pytest.mark.parametrize("name", ["nmnist", "poker"])
@pytest.mark.parametrize(("steps", "window"), [(25, 1000), (25, 20_000), (400, 1000)])
def test_windows_on_real_recordings_are_tonics(name: str, steps: int, window: int) -> None:
    streams, sensor = real(name)
    ours = frames([plain(events) for events in streams], steps, window / 1000, sensor).numpy()
    for index, events in enumerate(streams):
        theirs = ToFrame(sensor, time_window=window, include_incomplete=True)(events)[:steps]
        np.testing.assert_array_equal(ours[: len(theirs), index], theirs)
        assert ours[len(theirs) :, index].sum() == 0


@pytest.mark.parametrize("name", ["nmnist", "poker"])
def test_bins_of_real_recordings_are_tonics_where_it_loses_only_the_last_moment(name: str) -> None:
    """tonic's bins are whole microseconds: equal to ours where T divides the span, but for the end."""
    streams, sensor = real(name)
    for events in streams:
        time = events["t"] - events["t"][0]
        length = int(np.flatnonzero(time % 25 == 0)[-1]) + 1
        length = int(np.flatnonzero(time[:length] == time[length - 1])[-1]) + 1
        whole, span = events[:length], time[length - 1]
        theirs = ToFrame(sensor, n_time_bins=25)(whole)
        ours = frames([plain(whole)], 25, sensor=sensor)[:, 0].numpy()
        np.testing.assert_array_equal(ours[:-1], theirs[:-1])
        assert ours[-1].sum() - theirs[-1].sum() == (time[:length] == span).sum()
