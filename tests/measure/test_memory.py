"""Peaks against sizes that are known, each in a process of its own; saved bytes against a hand count."""

import ctypes
import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from snnbench.components.networks.dense import dense
from snnbench.components.neurons.lif import LIF
from snnbench.components.surrogates.fast_sigmoid import FastSigmoid
from snnbench.core.network import Network
from snnbench.core.neuron import Neuron
from snnbench.measure import memory as module
from snnbench.measure.heap import mapped_tensors
from snnbench.measure.memory import memory, resolution, sizes
from snnbench.measure.saved import saved_bytes
from snnbench.measure.workload import training_step
from snnbench.records import Metric

CPU = torch.device("cpu")
MIB = 2**20
INPUTS, CLASSES, BATCH, STEPS = 64, 10, 64, 25

resettable = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="the peak of this system cannot be reset"
)


class Spender(Neuron):
    """Holds ``mib`` MiB a batch of BATCH for the time of its forward pass."""

    states = ()

    def __init__(self, mib: int) -> None:
        super().__init__()
        self.mib = mib

    def initial_state(self, x_t: Tensor) -> tuple[Tensor, ...]:
        return ()

    def step(self, x_t: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        return x_t, ()

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, tuple[Tensor, ...]]:
        held = torch.ones(self.mib * MIB // 4 * x.shape[1] // BATCH)
        return x + held.sum() * 0, ()


def spender(mib: int, width: int = 4) -> Network:
    layer = nn.Linear(width, width, bias=False)
    return Network([layer, Spender(mib)], "spike_sum", nn.Linear(width, CLASSES, bias=False))


def spiking(width: int) -> Network:
    generator = torch.Generator().manual_seed(0)
    return dense(
        (INPUTS,),
        CLASSES,
        lambda features: LIF(features, FastSigmoid(), generator),
        generator,
        hidden=(width,),
    )


def make_batch(inputs: int = INPUTS) -> tuple[Tensor, Tensor]:
    x = torch.rand(STEPS, BATCH, inputs, generator=torch.Generator().manual_seed(0))
    return x, torch.arange(BATCH) % CLASSES


def gauge_spender(mib: int) -> dict[str, Metric]:
    return memory(lambda: spender(mib), make_batch(4), CPU)


def gauge_wide_spender(mib: int, width: int) -> dict[str, Metric]:
    return memory(lambda: spender(mib, width), (torch.rand(1, BATCH, width), torch.zeros(BATCH).long()), CPU)


def gauge_spiking(width: int) -> dict[str, Metric]:
    return memory(lambda: spiking(width), make_batch(), CPU)


def gauge_without_reset(mib: int, width: int) -> dict[str, Metric]:
    module._CLEAR_REFS = Path("/nonexistent")
    return gauge_wide_spender(mib, width)


def gauge_view() -> dict[str, Metric]:
    x, y = make_batch()
    base = torch.zeros(10 * STEPS, BATCH, INPUTS)
    base[:STEPS] = x
    return memory(lambda: spiking(16), (base[:STEPS], y), CPU)


def gauge_repeated_view() -> dict[str, Metric]:
    images, y = torch.zeros(10, BATCH, INPUTS), make_batch()[1]
    return memory(lambda: spiking(16), (images[:1].expand(STEPS, BATCH, INPUTS), y), CPU)


def profile_training(width: int) -> int:
    """Greatest sum of live tensors in a training step, by torch's own profiler."""
    x, y = make_batch()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        network = spiking(width).train()
        optimizer = torch.optim.Adam(network.parameters())
        for _ in range(2):
            training_step(network, optimizer, x, y)
    events = [event for event in recorded.profiler.kineto_results.events() if event.name() == "[memory]"]
    now = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        now += event.nbytes()
        most = max(most, now)
    return most


def count_mappings() -> tuple[int, int, int]:
    """Allocations of 1 MiB that glibc maps one by one: within the context, after it, after a gauging."""
    libc = ctypes.CDLL(None)
    fields = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"

    class Info(ctypes.Structure):
        _fields_ = [(name, ctypes.c_size_t) for name in fields.split()]

    libc.mallinfo2.restype = Info

    def mapped() -> int:
        before = libc.mallinfo2().hblks
        kept = [torch.empty(MIB // 4) for _ in range(8)]
        return int(libc.mallinfo2().hblks - before) if kept else 0

    with mapped_tensors():
        within = mapped()
    after = mapped()
    memory(lambda: spiking(16), make_batch(), CPU)
    return within, after, mapped()


def peak_with_holes() -> float:
    """The same network, in a heap that many blocks were taken from and given back to."""
    blocks = [bytearray(900_000) for _ in range(400)]
    wedges = [bytes(1000 + index) for index in range(400)]
    del blocks[::2]
    found = memory(lambda: spiking(512), make_batch(), CPU)["memory.training_peak"].value
    assert found is not None
    assert len(wedges) == 2 * len(blocks)
    return found


def _send(connection: Any, function: Callable[..., object], arguments: tuple[object, ...]) -> None:
    torch.set_num_threads(1)
    connection.send(function(*arguments))


def fresh(function: Callable[..., Any], *arguments: object) -> Any:
    """What ``function`` returns in a process forked from a forkserver that has torch loaded."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch", "torch._dynamo", "pytest", "snnbench.components.networks.dense"])
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(theirs, function, arguments))
    process.start()
    theirs.close()
    result = ours.recv()
    process.join()
    return result


@resettable
def test_a_known_allocation_is_read_back() -> None:
    metrics = fresh(gauge_spender, 64)
    for name in ("training", "inference"):
        peak = metrics[f"memory.{name}_peak"]
        assert peak.value == pytest.approx(64 * MIB, rel=0.02)
        assert peak.low <= peak.value <= peak.high
        assert peak.low <= 64 * MIB <= peak.high * 1.01
        assert peak.unit == "B"
        assert peak.flags == ()


@resettable
def test_the_optimiser_and_the_forward_pass_are_held_together() -> None:
    width = 2048  # weights of 16 MiB; gradients and two moments likewise; 64 MiB in the forward pass
    metrics = fresh(gauge_wide_spender, 64, width)
    assert metrics["memory.training_peak"].value == pytest.approx((4 * 16 + 64) * MIB, rel=0.04)
    assert metrics["memory.inference_peak"].value == pytest.approx((16 + 64) * MIB, rel=0.04)


@resettable
def test_holes_in_the_heap_do_not_add_to_a_peak() -> None:
    """Blocks of all sizes below glibc's threshold, every second one free: a tensor must not sit in them."""
    assert fresh(peak_with_holes) == pytest.approx(fresh(profile_training, 512), rel=0.15)


@resettable
def test_a_training_step_reads_what_the_profiler_counts() -> None:
    width = 512
    read, counted = fresh(gauge_spiking, width), fresh(profile_training, width)
    assert counted <= read["memory.training_peak"].value <= 1.10 * counted


@resettable
def test_two_processes_read_the_same() -> None:
    first, second = fresh(gauge_spiking, 256), fresh(gauge_spiking, 256)
    for name in ("memory.training_peak", "memory.inference_peak"):
        assert second[name].value == pytest.approx(first[name].value, rel=0.05)


@resettable
def test_what_cannot_be_resolved_is_missing_and_never_zero() -> None:
    peak = fresh(gauge_spiking, 1)["memory.inference_peak"]
    assert peak.value is None or peak.value > resolution()
    tiny = fresh(gauge_spender, 0)["memory.inference_peak"]
    assert tiny.value is None
    assert "resolved" in tiny.reason


def test_without_a_reset_only_a_new_record_is_known() -> None:
    metrics = fresh(gauge_without_reset, 64, 2048)
    assert metrics["memory.training_peak"].value == pytest.approx((4 * 16 + 64) * MIB, rel=0.05)
    assert metrics["memory.training_peak"].flags == ("coarse",)
    assert metrics["memory.inference_peak"].value is None
    assert "reset" in metrics["memory.inference_peak"].reason


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="needs glibc 2.33")
def test_the_allocator_works_as_usual_afterwards() -> None:
    within, *afterwards = fresh(count_mappings)
    assert within >= 6  # of 8; a hole that importing left in the heap may serve one
    assert afterwards == [0, 0]


def test_sizes_that_do_not_depend_on_the_device() -> None:
    width = 128
    metrics = sizes(spiking(width), make_batch()[0])
    assert metrics["memory.parameters"].value == 4 * (64 * 128 + 128 + 128 * 10 + 10)
    assert metrics["memory.state_per_sample"].value == 4 * width
    # the input; u − θ of the spike function of each step; the pooled spikes
    floats = STEPS * BATCH * INPUTS + STEPS * BATCH * width + BATCH * width
    assert metrics["memory.saved_per_sample_step"].value == 4 * floats / (STEPS * BATCH)
    assert {metric.unit for metric in metrics.values()} == {"B"}


def test_saved_bytes_of_linear_and_relu() -> None:
    network, x = nn.Sequential(nn.Linear(3, 4), nn.ReLU()), torch.rand(5, 2, 3)
    assert saved_bytes(network, x) == 4 * (5 * 2 * 3 + 5 * 2 * 4)  # its input; the output of relu


def test_a_storage_is_counted_once_and_whole() -> None:
    class Views(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))

        def forward(self, x: Tensor) -> Tensor:
            y = torch.exp(self.scale * x)  # saved by exp, and by each product below
            return y[0] * y[1] + y[0] * y[2]

    x = torch.rand(3, 7)
    assert saved_bytes(Views(), x) == 4 * (3 * 7 + 3 * 7)  # x, for the scale; y


def test_buffers_and_frozen_networks_save_nothing_of_their_own() -> None:
    network = nn.Sequential(nn.Linear(3, 4, bias=False), nn.Linear(4, 2, bias=False))
    x = torch.rand(5, 3)
    assert saved_bytes(network, x) == 4 * (5 * 3 + 5 * 4)
    assert saved_bytes(network.requires_grad_(False), x) == 0


def test_a_view_as_input_does_not_count_its_base() -> None:
    width = 16
    floats = STEPS * BATCH * INPUTS + (STEPS + 1) * BATCH * width
    assert fresh(gauge_view)["memory.saved_per_sample_step"].value == 4 * floats / (STEPS * BATCH)
    floats = BATCH * INPUTS + (STEPS + 1) * BATCH * width
    assert fresh(gauge_repeated_view)["memory.saved_per_sample_step"].value == 4 * floats / (STEPS * BATCH)


def test_a_reading_is_a_median_with_what_it_is_known_to() -> None:
    assert module._metric([70_000, 90_000, 80_000], 1_000) == Metric(
        80_000.0, "B", 69_000.0, 91_000.0, ("coarse",)
    )
    assert module._metric([80_000, 80_500, 81_000], 1_000) == Metric(80_500.0, "B", 79_000.0, 82_000.0)
    assert module._metric([1_000, 1_000, 3_000], 1_000).value is None


class Allocator:
    """A CUDA allocator as torch reports it: bytes in use, bytes reserved, and the most of each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.used = self.most_used = 1000
        self.reserved = self.most_reserved = 8000
        answers: dict[str, Callable[..., object]] = {
            "synchronize": lambda device: None,
            "empty_cache": self.empty,
            "reset_peak_memory_stats": self.reset,
            "memory_allocated": lambda device: self.used,
            "memory_reserved": lambda device: self.reserved,
            "max_memory_allocated": lambda device: self.most_used,
            "max_memory_reserved": lambda device: self.most_reserved,
        }
        for name, answer in answers.items():
            monkeypatch.setattr(torch.cuda, name, answer)

    def empty(self) -> None:
        self.reserved = 2000

    def reset(self, device: torch.device) -> None:
        self.most_used, self.most_reserved = self.used, self.reserved

    def spend(self, size: int) -> None:
        self.most_used = max(self.most_used, self.used + size)
        self.most_reserved = self.reserved = max(self.reserved, 2000 + 2 * size)


def test_cuda_peaks_are_above_the_baseline_of_each_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    allocator = Allocator(monkeypatch)
    sizes_spent = iter([90_000, 5_000, 7_000, 6_000])  # the first is discarded
    metrics = module._cuda_peaks(
        "training", lambda: allocator.spend(next(sizes_spent)), torch.device("cuda:0")
    )
    assert metrics == {
        "memory.training_peak": Metric(6_000.0, "B", 5_000.0, 7_000.0, ("coarse",)),
        "memory.training_reserved": Metric(12_000.0, "B", 10_000.0, 14_000.0, ("coarse",)),
    }
