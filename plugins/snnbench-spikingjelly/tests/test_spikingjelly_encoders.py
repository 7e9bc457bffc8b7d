"""Each encoder against ``spikingjelly.activation_based.encoding``, its generator seeded as ours."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from spikingjelly.activation_based import encoding
from torch import Tensor

from snnbench.errors import UsageError
from snnbench_spikingjelly import ENCODERS

STEPS = 20
IMAGE = 0.99 * torch.rand(3, 4, 4, generator=torch.Generator().manual_seed(1))
FIELDS = {"pop_dim": 5, "low": 0.0, "high": 1.0, "std": 0.2}
BARE_FIELDS = {"pop_dim": 5, "mean_range": (0.0, 1.0), "std": 0.2}


def encode(name: str, x: Tensor, seed: int = 0, **params: Any) -> Tensor:
    spec = next(spec for spec in ENCODERS if spec.name == name)
    encoder = spec.load()(STEPS, **spec.resolve(tuple(params.items())))
    encoded: Tensor = encoder(x, torch.Generator().manual_seed(seed))
    return encoded


def steps(encoder: Any) -> Tensor:
    return torch.stack([encoder(IMAGE) for _ in range(STEPS)])


def seeded(seed: int) -> None:
    """The global generator as the encoder's is."""
    torch.manual_seed(int(torch.randint(2**62, (), generator=torch.Generator().manual_seed(seed))))


def test_poisson_is_poisson_encoder() -> None:
    with torch.random.fork_rng(devices=[]):
        seeded(7)
        expected = steps(encoding.PoissonEncoder())
    assert torch.equal(encode("poisson", IMAGE, seed=7), expected)
    assert 0 < float(expected.mean()) < 1


@pytest.mark.parametrize("kind", ["linear", "log"])
def test_latency_is_latency_encoder(kind: str) -> None:
    expected = steps(encoding.LatencyEncoder(STEPS, kind))
    assert torch.equal(encode("latency", IMAGE, enc_function=kind), expected)
    assert bool((expected.sum(0) == 1).all())


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("pop", encoding.PopEncoder),
        ("pop_spike_random", encoding.PopSpikeEncoderRandom),
        ("pop_spike_deterministic", encoding.PopSpikeEncoderDeterministic),
    ],
)
def test_a_population_is_the_bare_one(name: str, bare: Any) -> None:
    with torch.random.fork_rng(devices=[]):
        seeded(7)
        expected = bare(16, spike_ts=STEPS, **BARE_FIELDS)(IMAGE.flatten(1))
    found = encode(name, IMAGE, seed=7, **FIELDS)
    assert found.shape == (STEPS, 3, 80)
    assert not found.requires_grad
    assert torch.equal(found, expected)


@pytest.mark.parametrize("name", [spec.name for spec in ENCODERS])
def test_spikes_come_from_the_generator_alone_and_keep_the_dtype(name: str) -> None:
    before = torch.get_rng_state()
    one = encode(name, IMAGE.double(), seed=1)
    assert one.dtype == torch.float64
    assert torch.equal(one, encode(name, IMAGE.double(), seed=1)), "nothing is kept"
    assert torch.equal(torch.get_rng_state(), before)


def test_what_spikingjelly_cannot_encode_is_refused_in_words() -> None:
    with pytest.raises(UsageError, match=r"\[0, 1\]"):
        encode("latency", IMAGE + 1)
    with pytest.raises(UsageError, match=r"\[0, 1\]"):
        encode("poisson", -IMAGE)
    with pytest.raises(UsageError, match="no order"):
        encode("pop", IMAGE, low=1.0, high=0.0)


def test_weighted_phase_encoder_does_not_take_the_brightest_pixel() -> None:
    """Why it is no encoder here: images reach 1."""
    with pytest.raises(AssertionError):
        encoding.WeightedPhaseEncoder(8)(torch.ones(1, 2))
