"""Samples of unequal length: readouts see their real steps alone, whatever the padding holds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnbench.components.encoders.delta import Delta
from snnbench.components.encoders.frames import Frames
from snnbench.components.encoders.none import NoEncoder
from snnbench.components.networks.dense import dense
from snnbench.components.neurons.lif import LIF
from snnbench.components.surrogates.atan import ATan
from snnbench.core.network import Network
from snnbench.core.pooling import READOUTS, pool
from snnbench.data.dataset import Split
from snnbench.data.events import Events
from snnbench.data.loader import Waiting, batches
from snnbench.data.sequences import Sequences
from snnbench.measure.accuracy import score

lengths = st.lists(st.integers(1, 9), min_size=1, max_size=6)


def padded(real: list[int], features: int = 5) -> Sequences:
    generator = torch.Generator().manual_seed(1)
    values = torch.rand(len(real), max(real), features, generator=generator)
    for row, length in zip(values, real, strict=True):
        row[length:] = 0
    return Sequences(values, torch.tensor(real))


def network(readout: str) -> Network:
    generator = torch.Generator().manual_seed(3)
    return dense((5,), 3, lambda f: LIF(f, ATan(), generator), generator, hidden=(7,), readout=readout)  # type: ignore[arg-type]


@pytest.mark.parametrize("readout", READOUTS)
@given(real=lengths)
def test_a_padded_batch_is_its_samples_one_by_one(readout: str, real: list[int]) -> None:
    x, made = padded(real), network(readout)
    with torch.no_grad():
        together = made(x.values.movedim(1, 0), x.lengths)
        for row, length, logits in zip(x.values, real, together, strict=True):
            torch.testing.assert_close(logits, made(row[:length, None])[0])


@pytest.mark.parametrize("readout", READOUTS)
@given(real=lengths, fill=st.sampled_from([torch.nan, torch.inf, 1e30]))
def test_what_is_in_the_padding_does_not_matter(readout: str, real: list[int], fill: float) -> None:
    outputs = torch.randn(max(real), len(real), 4, generator=torch.Generator().manual_seed(0))
    filled = outputs.clone()
    for sample, length in enumerate(real):
        filled[length:, sample] = fill
    clean, dirty = (pool(one, readout, torch.tensor(real)) for one in (outputs, filled))  # type: ignore[arg-type]
    assert torch.equal(clean, dirty)


@pytest.mark.parametrize("readout", READOUTS)
def test_without_padding_a_mask_changes_nothing(readout: str) -> None:
    outputs = torch.randn(6, 4, 3, generator=torch.Generator().manual_seed(0))
    full = torch.full((4,), 6)
    torch.testing.assert_close(pool(outputs, readout, full), pool(outputs, readout))  # type: ignore[arg-type]


def test_no_gradient_flows_into_the_padding() -> None:
    x = padded([2, 5]).values.movedim(1, 0).clone().requires_grad_()
    network("membrane_mean")(x, torch.tensor([2, 5])).sum().backward()
    assert x.grad is not None
    assert not x.grad[2:, 0].any() and x.grad[:2, 0].any()


@pytest.mark.parametrize("encoder", [NoEncoder(0), Delta(0)])
def test_sequence_encoders_pass_lengths_on(encoder: NoEncoder | Delta) -> None:
    x = padded([2, 5])
    assert torch.equal(encoder(x, torch.Generator()), encoder(x.values, torch.Generator()))
    assert encoder.lengths(x) is x.lengths
    assert encoder.lengths(x.values) is None


def events(*times: list[int], sensor: tuple[int, int, int] = (6, 4, 2)) -> Events:
    rng = np.random.default_rng(0)
    rows = [np.stack([np.array(t), *(rng.integers(0, k, len(t)) for k in sensor)], axis=1) for t in times]
    return Events.of(rows, sensor)


@given(
    spans=st.lists(st.integers(0, 30_000), min_size=1, max_size=5),
    window=st.integers(1, 5),
    steps=st.integers(1, 12),
)
def test_the_last_real_bin_is_where_the_last_event_is(spans: list[int], window: int, steps: int) -> None:
    encoder = Frames(steps, window_ms=window)
    x = events(*([7, 7 + span] for span in spans))
    found = encoder.lengths(x)
    assert found is not None
    frames = encoder(x, torch.Generator()).flatten(2).sum(2)
    for sample, span in enumerate(spans):
        last = int(frames[:, sample].nonzero().max()) + 1
        if span < steps * 1000 * window:  # else its last event is cut off
            assert found[sample] == last
        assert last <= found[sample] <= steps


def test_bins_of_a_share_of_the_recording_are_all_real() -> None:
    assert Frames(5).lengths(events([0, 10])) is None


@pytest.mark.parametrize("side", [1, 2, 3, 4])
def test_downsampling_adds_squares_of_pixels_up(side: int) -> None:
    x = events(list(range(200)), sensor=(7, 5, 2))
    fine = Frames(4)(x, torch.Generator())
    coarse = Frames(4, downsample=side)(x, torch.Generator())
    assert coarse.shape == (4, 1, 2, -(-5 // side), -(-7 // side))
    missing = (-7 % side, -5 % side)
    grown = torch.nn.functional.pad(fine[:, 0], (0, missing[0], 0, missing[1]))
    assert torch.equal(coarse[:, 0], torch.nn.functional.avg_pool2d(grown, side, divisor_override=1))


def test_polarities_together_are_their_sum() -> None:
    x = events(list(range(200)))
    both = Frames(4)(x, torch.Generator()).sum(2, keepdim=True)
    assert torch.equal(Frames(4, polarity=False)(x, torch.Generator()), both)


def test_evaluation_respects_the_mask() -> None:
    x, made = padded([2, 5, 3, 4] * 5), network("membrane_last")
    with torch.no_grad():
        right = [
            int(made(row[:n, None]).argmax()) for row, n in zip(x.values, x.lengths.tolist(), strict=True)
        ]
    found = score(made, NoEncoder(0), Split(x, torch.tensor(right)), torch.Generator())
    assert found.accuracy == 1


def test_batches_of_sequences_are_those_of_their_order() -> None:
    x = padded([2, 5, 3, 4, 1])
    order = torch.tensor([4, 0, 3, 1, 2])
    found = list(batches(Split(x, torch.arange(5)), order, 2, NoEncoder(0), torch.Generator()))
    assert torch.cat([batch.y for batch in found]).tolist() == order.tolist()
    assert torch.cat([batch.lengths for batch in found if batch.lengths is not None]).tolist() == [
        1,
        2,
        4,
        5,
        3,
    ]
    assert torch.equal(found[0].x, x.values[[4, 0]].movedim(1, 0))


def test_a_reader_that_fails_stops_the_pass() -> None:
    x = padded([2, 5, 3])
    with pytest.raises(IndexError):
        list(batches(Split(x, torch.arange(3)), torch.tensor([0, 1, 7]), 1, NoEncoder(0), torch.Generator()))


def test_waiting_is_what_is_not_training(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 3.0, 4.0, 6.0, 10.0, 10.5])  # fetch 3, train 1, fetch 2, train 4, end 0.5
    monkeypatch.setattr("snnbench.data.loader.perf_counter", lambda: next(clock))
    waiting = Waiting(torch.device("cpu"))
    assert waiting.fraction is None
    split = Split(torch.rand(2, 1, 5), torch.arange(2))
    list(waiting.watch(batches(split, torch.arange(2), 1, NoEncoder(0), torch.Generator())))
    assert (waiting.waited, waiting.total) == (5.0, 10.0)
