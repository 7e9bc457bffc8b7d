"""Each encoder against ``snntorch.spikegen``, its generator seeded as ours."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from snntorch import spikegen
from torch import Tensor

from snnbench.errors import UsageError
from snnbench_snntorch import ENCODERS

STEPS = 20
IMAGE = torch.rand(3, 4, 4, generator=torch.Generator().manual_seed(1))
SEQUENCE = torch.rand(3, STEPS, 4, generator=torch.Generator().manual_seed(2))


def encode(name: str, x: Tensor, seed: int = 0, steps: int = STEPS, **params: Any) -> Tensor:
    spec = next(spec for spec in ENCODERS if spec.name == name)
    encoder = spec.load()(steps, **spec.resolve(tuple(params.items())))
    encoded: Tensor = encoder(x, torch.Generator().manual_seed(seed))
    return encoded


@pytest.mark.parametrize(
    "params", [{}, {"gain": 0.5, "offset": 0.1}, {"first_spike_time": 4}], ids=["default", "gain", "first"]
)
def test_rate_is_spikegen_rate(params: dict[str, Any]) -> None:
    """The same Bernoulli draws where the global generator is seeded with what ours draws from its own."""
    seed = int(torch.randint(2**62, (), generator=torch.Generator().manual_seed(7)))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        expected = spikegen.rate(IMAGE, num_steps=STEPS, **params)
    assert torch.equal(encode("rate", IMAGE, seed=7, **params), expected)
    assert 0 < float(expected.mean()) < 1


@pytest.mark.parametrize(("name", "x"), [("rate", IMAGE), ("rate_conv", SEQUENCE)])
def test_spikes_come_from_the_generator_alone(name: str, x: Tensor) -> None:
    before = torch.get_rng_state()
    assert torch.equal(encode(name, x, seed=1), encode(name, x, seed=1))
    assert not torch.equal(encode(name, x, seed=1), encode(name, x, seed=2))
    assert torch.equal(torch.get_rng_state(), before)


def test_rate_conv_draws_each_step_by_its_own_value() -> None:
    always = torch.stack([torch.zeros(2, 500), torch.ones(2, 500), torch.full((2, 500), 0.3)], 1)
    spikes = encode("rate_conv", always)
    assert spikes.shape == (3, 2, 500)
    assert [float(step.mean()) for step in spikes[:2]] == [0, 1]
    assert float(spikes[2].mean()) == pytest.approx(0.3, abs=0.06)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"tau": 2.0, "bypass": True},
        {"clip": True, "threshold": 0.2},
        {"linear": True, "tau": 5.0},
        {"linear": True, "normalize": True},
        {"first_spike_time": 3},
    ],
    ids=str,
)
def test_latency_is_spikegen_latency(params: dict[str, Any]) -> None:
    assert torch.equal(encode("latency", IMAGE, **params), spikegen.latency(IMAGE, num_steps=STEPS, **params))


@pytest.mark.parametrize("params", [{}, {"padding": True}, {"off_spike": True, "threshold": 0.3}], ids=str)
def test_delta_is_spikegen_delta(params: dict[str, Any]) -> None:
    expected = spikegen.delta(SEQUENCE.movedim(1, 0), **params)
    assert torch.equal(encode("delta", SEQUENCE, **params), expected)


@pytest.mark.parametrize("name", [spec.name for spec in ENCODERS])
def test_the_dtype_is_kept(name: str) -> None:
    x = (IMAGE if name in ("rate", "latency") else SEQUENCE).double()
    assert encode(name, x).dtype == torch.float64


def test_what_snntorch_refuses_is_refused_in_words() -> None:
    with pytest.raises(UsageError, match="out of bounds"):
        encode("latency", torch.zeros(1, 4), steps=5, bypass=False)
    for name in ("latency", "rate"):
        with pytest.raises(UsageError, match=r"\[0, 1\]"):
            encode(name, IMAGE - 1)
    with pytest.raises(UsageError, match="depends on the others"):
        encode("latency", IMAGE, normalize=True)
    with pytest.raises(UsageError, match="not before the end"):
        encode("rate", IMAGE, first_spike_time=STEPS)


def test_normalize_would_let_a_sample_depend_on_its_batch() -> None:
    """Why it is refused without linear."""
    x = torch.tensor([[0.9], [0.02]])
    alone, together = (spikegen.latency(part, num_steps=STEPS, normalize=True) for part in (x[:1], x))
    assert not torch.equal(alone, together[:, :1])
