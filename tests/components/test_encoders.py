from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from snnbench.components import encoders as listing
from snnbench.components.encoders.burst import Burst
from snnbench.components.encoders.delta import Delta
from snnbench.components.encoders.direct import Direct
from snnbench.components.encoders.latency import Latency
from snnbench.components.encoders.none import NoEncoder
from snnbench.components.encoders.phase import Phase
from snnbench.components.encoders.population import Population
from snnbench.components.encoders.rate import Rate
from snnbench.data.dataset import Encoder
from snnbench.data.events import Events
from snnbench.errors import UsageError
from snnbench.plugin.specs import EncoderSpec


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("gain", [0.5, 1.0, 3.0])
def test_rate_is_bernoulli(gain: float) -> None:
    x = torch.linspace(0, 1, 21, dtype=torch.float64).reshape(1, 3, 7)
    spikes = Rate(1000, gain=gain)(x, seeded())
    assert spikes.shape == (1000, 1, 3, 7)
    assert spikes.dtype == x.dtype
    assert set(spikes.unique().tolist()) <= {0.0, 1.0}
    for count, intensity in zip(spikes.sum(0).flatten().tolist(), x.flatten().tolist(), strict=True):
        low, high = binom.interval(1 - 1e-6, 1000, min(gain * intensity, 1))
        assert low <= count <= high


def test_rate_steps_are_independent() -> None:
    spikes = Rate(20_000)(torch.tensor([[0.5]]), seeded()).flatten()
    pairs = float((spikes[1:] * spikes[:-1]).sum())
    low, high = binom.interval(1 - 1e-6, 19_999, 0.25)
    assert low * 0.98 <= pairs <= high * 1.02


def test_rate_is_reproducible_from_its_generator_alone() -> None:
    x = torch.rand(4, 5, generator=seeded(3))
    torch.manual_seed(1)
    first = Rate(10)(x, seeded())
    torch.manual_seed(2)
    assert torch.equal(first, Rate(10)(x, seeded()))
    assert not torch.equal(first, Rate(10)(x, seeded(1)))


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.nan, math.inf])
@pytest.mark.parametrize("encoder", [Rate(3), Latency(3), Population(3), Phase(3), Burst(3)])
def test_values_outside_the_range_are_refused(encoder: Encoder, bad: float) -> None:
    with pytest.raises(UsageError, match=r"\[0, 1\]"):
        encoder(torch.tensor([[0.5, bad]]), seeded())


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_direct_refuses_what_is_not_finite(bad: float) -> None:
    with pytest.raises(UsageError, match="finite"):
        Direct(3)(torch.tensor([[0.5, bad]]), seeded())


def test_a_burst_that_slows_down_with_intensity_is_refused() -> None:
    with pytest.raises(UsageError, match="shortest=9 is longer than longest=2"):
        Burst(3, shortest=9, longest=2)


def test_direct_is_a_view() -> None:
    x = torch.randn(2, 3, generator=seeded())
    encoded = Direct(1000)(x, seeded())
    assert encoded.shape == (1000, 2, 3)
    assert encoded.data_ptr() == x.data_ptr()
    assert torch.equal(encoded[999], x)


@settings(max_examples=50, deadline=None)
@given(
    values=st.lists(st.floats(0, 1, width=32), min_size=1, max_size=20),
    linear=st.booleans(),
    steps=st.sampled_from([1, 2, 25, 1000]),
)
def test_latency_brighter_fires_earlier_and_once(values: list[float], linear: bool, steps: int) -> None:
    x = torch.tensor([sorted(values, reverse=True)], dtype=torch.float64)
    spikes = Latency(steps, linear=linear)(x, seeded())[:, 0]
    assert spikes.shape == (steps, len(values))
    fired = spikes.sum(0)
    assert bool(((fired == 0) | (fired == 1)).all())
    times = torch.where(fired > 0, spikes.argmax(0), steps)
    assert bool((times.diff() >= 0).all())
    assert bool((fired[x[0] <= 0.01] == 0).all())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("linear", [True, False])
@pytest.mark.parametrize("steps", [1, 1000, 5000])
def test_latency_fires_once_in_every_dtype(steps: int, linear: bool, dtype: torch.dtype) -> None:
    """At the same step as in float64, though neighbouring steps are one number in half precision."""
    x = torch.rand(4, 60, dtype=torch.float64, generator=seeded(2)).to(dtype)
    encoder = Latency(steps, tau=300.0, linear=linear)
    spikes = encoder(x, seeded())
    expected = (x > 0.01) & (linear | (300 * torch.log(x.double() / (x.double() - 0.01)) < steps - 0.5))
    assert torch.equal(spikes.double().sum(0), expected.double())
    assert torch.equal(spikes.double(), encoder(x.double(), seeded()))


def test_latency_times_are_the_equation_s() -> None:
    x = torch.tensor([[1.0, 0.1, 0.02, 0.011, 0.0101, 0.01, 0.0]], dtype=torch.float64)
    spikes = Latency(100)(x, seeded())[:, 0]
    expected = [round(5 * math.log(v / (v - 0.01))) for v in x[0, :5].tolist()]
    assert spikes[:, :5].argmax(0).tolist() == expected
    assert spikes[:, 5:].sum() == 0
    linear = Latency(11, linear=True)(torch.tensor([[1.0, 0.5, 0.1]], dtype=torch.float64), seeded())
    assert linear[:, 0].argmax(0).tolist() == [0, 5, 9]


@pytest.mark.parametrize(
    "spec", [spec for spec in listing.SPECS if "events" not in spec.accepts], ids=lambda spec: spec.name
)
def test_every_encoder_of_tensors_at_one_step_and_at_a_thousand(spec: EncoderSpec) -> None:
    for steps in (1, 1000):
        for dtype in (torch.float64, torch.float32, torch.bfloat16):
            shape = (2, 3, 4) if "image" in spec.accepts else (2, steps, 4)
            x = torch.rand(shape, dtype=torch.float64, generator=seeded(1)).to(dtype)
            before = x.clone()
            torch.manual_seed(1)
            first = spec.load()(steps)(x, seeded())
            torch.manual_seed(2)
            assert torch.equal(first, spec.load()(steps)(x, seeded()))
            assert first.shape[:2] == (steps, 2)
            assert first.dtype == dtype
            assert torch.equal(x, before)
            if spec.name not in ("direct", "none"):
                assert set(first.float().unique().tolist()) <= {0.0, 1.0}


def test_spec_defaults_are_the_constructors() -> None:
    for spec in listing.SPECS:
        values = vars(spec.load()(7))
        assert values == {"steps": 7, **{name: param.default for name, param in spec.params.items()}}


def test_population_is_bernoulli_of_its_fields() -> None:
    x = torch.linspace(0, 1, 6, dtype=torch.float64).reshape(1, 2, 3)
    spikes = Population(2000, size=5)(x, seeded())
    assert spikes.shape == (2000, 1, 10, 3)
    counts = spikes.sum(0)[0].reshape(2, 5, 3)
    for (channel, field, place), count in np.ndenumerate(counts.numpy()):
        centre = -0.5 / 3 + field / 3  # Bohte et al.: (2i − 3)/2/(M − 2), i from 1
        z = (float(x[0, channel, place]) - centre) * 1.5 * 3
        low, high = binom.interval(1 - 1e-6, 2000, math.exp(-z * z / 2))
        assert low <= count <= high


def test_population_without_an_axis_of_values_is_refused() -> None:
    with pytest.raises(UsageError, match=r"\[B, C, \*\]"):
        Population(3)(torch.rand(5), seeded())


def test_population_keeps_channels_first() -> None:
    assert Population(3, size=4)(torch.rand(2, 1, 8, 8), seeded()).shape == (3, 2, 4, 8, 8)
    assert Population(3, size=4)(torch.rand(2, 5), seeded()).shape == (3, 2, 20)


@settings(max_examples=30, deadline=None)
@given(period=st.integers(1, 16), data=st.data())
def test_phase_has_an_exact_inverse(period: int, data: st.DataObject) -> None:
    top = 2**period - 1
    levels = data.draw(st.lists(st.integers(0, top), min_size=1, max_size=20))
    x = (torch.tensor([levels], dtype=torch.float64) / top).float()
    spikes = Phase(3 * period, period=period)(x, seeded()).double()
    weights = 2.0 ** torch.arange(period - 1, -1, -1, dtype=torch.float64)
    for start in range(0, 3 * period, period):
        decoded = torch.tensordot(weights, spikes[start : start + period], 1) / top
        assert torch.equal(decoded.float(), x)


def test_phase_is_spikingjelly_s() -> None:
    encoding = pytest.importorskip(
        "spikingjelly.activation_based.encoding", reason="compares with spikingjelly 2.0.0"
    )
    levels = torch.arange(256, dtype=torch.float64)[None]
    theirs = encoding.WeightedPhaseEncoder(8).single_step_encode(levels / 256)  # it takes no intensity of 1
    assert torch.equal(Phase(8)(levels / 255, seeded()), theirs.double())


def burst_loop(x: float, steps: int, most: int, shortest: int, longest: int) -> list[float]:
    count = math.ceil(round(most * x, 6))
    interval = math.ceil(round(longest - (longest - shortest) * x, 6))
    times = {index * interval for index in range(count)}
    return [float(t in times) for t in range(steps)]


@pytest.mark.parametrize("parameters", [(5, 2, 5), (1, 1, 1), (4, 3, 3), (7, 1, 20)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_burst_is_its_equation(parameters: tuple[int, int, int], dtype: torch.dtype) -> None:
    values = [k / 20 for k in range(21)] + [0.001, 0.999]
    most, shortest, longest = parameters
    encoder = Burst(60, spikes=most, shortest=shortest, longest=longest)
    spikes = encoder(torch.tensor([values], dtype=dtype), seeded())[:, 0]
    for index, value in enumerate(values):
        assert spikes[:, index].tolist() == burst_loop(value, 60, most, shortest, longest), value


def test_burst_counts_are_an_exact_inverse() -> None:
    x = torch.arange(6, dtype=torch.float32)[None] / 5
    assert torch.equal(Burst(25)(x, seeded()).sum(0) / 5, x)


@settings(max_examples=30, deadline=None)
@given(
    jumps=st.lists(st.integers(-1, 1), min_size=1, max_size=40), threshold=st.sampled_from([0.25, 1.0, 2.0])
)
def test_delta_has_an_exact_inverse_where_changes_are_one_threshold(
    jumps: list[int], threshold: float
) -> None:
    x = threshold * torch.tensor(jumps, dtype=torch.float64).cumsum(0).view(1, -1, 1)
    spikes = Delta(1, threshold=threshold, off_spike=True)(x, seeded())
    assert spikes.flatten().tolist() == jumps
    assert torch.equal(threshold * spikes.cumsum(0).movedim(0, 1), x)


@pytest.mark.parametrize("off_spike", [True, False])
def test_delta_is_snntorch_s(off_spike: bool) -> None:
    spikegen = pytest.importorskip("snntorch.spikegen", reason="compares with snntorch 1.0.0")
    x = torch.randn(3, 200, 4, dtype=torch.float64, generator=seeded())
    spikes = Delta(1, threshold=0.7, off_spike=off_spike)(x, seeded())
    assert 0.1 < spikes.abs().mean() < 0.9
    assert torch.equal(spikes, spikegen.delta(x.movedim(1, 0), threshold=0.7, off_spike=off_spike).double())


@pytest.mark.parametrize("padding", [True, False])
def test_delta_begins_as_snntorch_s_does(padding: bool) -> None:
    spikegen = pytest.importorskip("snntorch.spikegen", reason="compares with snntorch 1.0.0")
    x = torch.randn(3, 50, 4, dtype=torch.float64, generator=seeded())
    spikes = Delta(1, threshold=0.7, padding=padding)(x, seeded())
    assert torch.equal(spikes, spikegen.delta(x.movedim(1, 0), threshold=0.7, padding=padding).double())
    constant = torch.full((1, 5, 3), 0.5)
    assert Delta(1, padding=padding)(constant, seeded()).sum() == (0 if padding else 3)


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.7, 1e-6, 12.3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_change_of_exactly_the_threshold_spikes(threshold: float, dtype: torch.dtype) -> None:
    levels = [abs((k + 50) % 100 - 50) for k in range(200)]  # up to 50 and back, twice
    x = torch.tensor([threshold * level for level in levels], dtype=dtype).view(1, -1, 1)
    spikes = Delta(1, threshold=threshold, off_spike=True)(x, seeded()).flatten().tolist()
    assert spikes == [
        0 if k == 0 else b - a for k, (a, b) in enumerate(zip([0, *levels], levels, strict=False))
    ]


@pytest.mark.parametrize("value", [0.0, 1.0, -30.0, 1e6])
def test_what_does_not_change_does_not_spike(value: float) -> None:
    x = torch.full((1, 9, 1), value)
    for off_spike in (True, False):  # a spike of both kinds at once is none
        assert not Delta(1, threshold=1e-6, off_spike=off_spike)(x, seeded())[1:].any()


@pytest.mark.parametrize("most", [5, 17, 100, 1000])
def test_bursts_of_many_spikes_are_not_one_spike_longer_in_float32(most: int) -> None:
    values = [k / most for k in range(most + 1)]
    spikes = Burst(most, spikes=most, shortest=1, longest=1)(torch.tensor([values]), seeded())
    assert spikes.sum(0)[0].tolist() == list(range(most + 1))


def test_intensities_are_told_with_all_their_digits() -> None:
    with pytest.raises(UsageError, match=r"values from 0\.0 to 1\.0000001"):
        Rate(3)(torch.tensor([[0, 1 + 2**-23]]), seeded())


def test_none_lays_sequences_out_with_time_first() -> None:
    x = torch.randn(2, 7, 3, generator=seeded())
    encoded = NoEncoder(25)(x, seeded())
    assert encoded.is_contiguous()  # flattened to T·B in every call of every network
    assert torch.equal(encoded.movedim(0, 1), x)


@pytest.mark.parametrize("encoder", [NoEncoder(3), Delta(3)])
@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(2, 3), r"\[B, T, \*features\]"),
        (torch.zeros(2, 0, 3), r"\[B, T, \*features\]"),
        (torch.full((1, 2, 3), math.nan), "finite"),
    ],
)
def test_what_is_no_sequence_is_refused(encoder: Encoder, x: torch.Tensor, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        encoder(x, seeded())


@pytest.mark.parametrize(
    "encoder", [Rate(3), Direct(3), Latency(3), Population(3), Phase(3), Burst(3), NoEncoder(3), Delta(3)]
)
def test_recordings_and_bytes_are_no_samples_of_these(encoder: Encoder) -> None:
    with pytest.raises(UsageError, match="takes a tensor of floats, got an object Events"):
        encoder(Events.of([[[0, 0, 0, 0]]], (1, 1, 1)), seeded())
    with pytest.raises(UsageError, match=r"takes a tensor of floats, got torch\.uint8") as caught:
        encoder(torch.ones(2, 3, 4, dtype=torch.uint8), seeded())
    assert "x.float() / 255" in caught.value.hint
