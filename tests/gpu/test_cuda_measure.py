"""The measurements on a CUDA device."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from snnbench.components.networks.dense import dense
from snnbench.components.neurons.lif import LIF
from snnbench.components.surrogates.fast_sigmoid import FastSigmoid
from snnbench.core.network import Network
from snnbench.core.neuron import Neuron
from snnbench.data.dataset import Dataset, Split
from snnbench.measure.context import CellContext
from snnbench.measure.environment import environment
from snnbench.measure.memory import memory
from snnbench.measure.plausibility import device_peak
from snnbench.measure.stopwatch import Lap, stopwatch_for, time_on_cpu
from snnbench.measure.throughput import throughput
from snnbench.records import Cell, Component
from snnbench.settings import Budget

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")]

MIB = 2**20
BATCH, STEPS, INPUTS, CLASSES = 32, 8, 256, 10
CUDA = torch.device("cuda:0")


class Spender(Neuron):
    """Holds 64 MiB for the time of its forward pass."""

    states = ()

    def initial_state(self, x_t: Tensor) -> tuple[Tensor, ...]:
        return ()

    def step(self, x_t: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        return x_t, ()

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, tuple[Tensor, ...]]:
        held = torch.ones(64 * MIB // 4, device=x.device)
        return x + held.sum() * 0, ()


def spiking() -> Network:
    generator = torch.Generator().manual_seed(0)
    return dense(
        (INPUTS,), CLASSES, lambda shape: LIF(shape, FastSigmoid(), generator), generator, hidden=(512,)
    )


def make_trained() -> CellContext:
    def encode(x: Tensor, generator: torch.Generator) -> Tensor:
        p = x.expand(STEPS, *x.shape)
        return torch.bernoulli(p, generator=generator)

    split = Split(torch.rand(100, INPUTS), torch.arange(100) % CLASSES)
    part = Component("test")
    cell = Cell(part, part, part, part, part, Budget(steps=STEPS, batch_size=BATCH), seed=0, key="0123")
    data = Dataset(split, split, split, CLASSES)
    return CellContext(cell, spiking().to(CUDA).eval(), encode, data, CUDA)


def test_the_wall_clock_waits_for_the_device() -> None:
    a = torch.rand(4096, 4096, device=CUDA)
    stopwatch = stopwatch_for(CUDA)
    stopwatch(lambda: a @ a, 3)
    lap = stopwatch(lambda: a @ a, 20)
    assert lap.device is not None
    assert lap.wall >= lap.device


def test_rates_by_both_clocks() -> None:
    trained = make_trained()
    random = torch.cuda.get_rng_state(CUDA)
    metrics = throughput(trained, seconds=0.2)
    for name in ("inference", "training"):
        for suffix in ("", "_device", "_updates", "_end_to_end"):
            value = metrics[f"throughput.{name}{suffix}"].value
            assert value is not None
            assert value > 0
    assert torch.equal(torch.cuda.get_rng_state(CUDA), random)
    assert all(parameter.grad is None for parameter in trained.network.parameters())


def test_a_clock_that_does_not_wait_is_refused() -> None:
    def asynchronous(work: Any, calls: int) -> Lap:
        # far off, as a network this small leaves a large device idle nearly all of the time
        return Lap(time_on_cpu(work, calls).wall / 1e6)

    metrics = throughput(make_trained(), seconds=0.0001, stopwatch=asynchronous)
    assert str(metrics["throughput.inference"].reason).startswith("implausible: ")


def test_peaks_are_of_the_order_of_a_device() -> None:
    peak = device_peak(CUDA, {torch.float32})
    assert peak.flops > 1e12
    assert peak.bytes > 1e11


def test_a_known_allocation_is_read_back_to_the_byte() -> None:
    def build() -> Network:
        return Network([nn.Linear(4, 4), Spender()], "spike_sum", nn.Linear(4, CLASSES))

    batch = torch.rand(STEPS, BATCH, 4), torch.zeros(BATCH, dtype=torch.int64)
    metrics = memory(build, batch, CUDA)
    for name in ("training", "inference"):
        peak, reserved = metrics[f"memory.{name}_peak"], metrics[f"memory.{name}_reserved"]
        assert peak.value == pytest.approx(64 * MIB, rel=0.01)
        assert peak.low == peak.value == peak.high
        assert reserved.value is not None
        assert reserved.value >= 64 * MIB


def test_readings_of_a_spiking_network_repeat() -> None:
    batch = torch.rand(STEPS, BATCH, INPUTS), torch.zeros(BATCH, dtype=torch.int64)
    first, second = memory(spiking, batch, CUDA), memory(spiking, batch, CUDA)
    assert first["memory.training_peak"] == second["memory.training_peak"]
    assert first["memory.saved_per_sample_step"] == second["memory.saved_per_sample_step"]


def test_the_gpu_is_described() -> None:
    values = environment(CUDA, 1, {}).values
    assert values["gpu.model"] == torch.cuda.get_device_name(CUDA)
    assert values["gpu.clock"].endswith(" MHz")
    assert values["gpu.driver"]
    assert "gpu.throttled" in values
