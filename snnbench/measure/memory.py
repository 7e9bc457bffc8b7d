"""Memory is the peak of a training step and of inference, and what a network's arithmetic gives.

On a CPU the peak is the growth of this process's resident set, so call ``memory`` in a fresh process.
"""

from __future__ import annotations

import gc
import math
import mmap
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import TypeAlias

import psutil
import torch
from torch import Tensor

from snnbench.core.network import Network, is_repeated
from snnbench.measure.heap import mapped_tensors, release
from snnbench.measure.saved import UnknownLayerError, predicted_bytes, saved_bytes
from snnbench.measure.stopwatch import Work
from snnbench.measure.workload import inference, training_step
from snnbench.records import Metric

Build: TypeAlias = Callable[[], Network]

REPEATS = 3
"""Readings of a peak, after one that is discarded. The value is their median."""

STEPS = 2
"""Training steps of one reading: from the second on, the optimiser's moments exist beside the graph."""

COARSE = 0.10
"""A peak is flagged when it is not known to better than this share."""

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")


def memory(build: Build, batch: tuple[Tensor, Tensor], device: torch.device) -> dict[str, Metric]:
    """Return the peaks and sizes of a network, in bytes.

    - ``memory.training_peak``, ``memory.inference_peak``: above the baseline before the network was
      built: weights, and for training gradients, Adam's moments and the graph. On CUDA the bytes
      allocated, with ``…_reserved`` for what the allocator took for them; on a CPU the resident set.
    - ``memory.parameters``: of all parameters.
    - ``memory.state_per_sample``: that one sample carries from a step to the next.
    - ``memory.saved_per_sample_step``: that the network's forward pass saves for backward, a sample
      and step; every storage once, parameters and buffers excluded, its input included. What a
      function keeps by other means than autograd's own is not seen. In windows (``train.truncate``,
      ``train.checkpoint``): the state after each, and what one window saves in its turn.
    - ``memory.saved_predicted``: the same in eager mode, by the rules of ``saved.predicted_bytes``.

    A peak is the median of three readings; ``low`` and ``high`` are the least and the greatest,
    widened by what the kernel's counter does not resolve; ``coarse`` flags one that is not known to
    10 %. Code pages, thread pools and a library's lasting scratch memory belong to the baseline.

    Args:
        build: Makes the network, afresh each time.
        batch: Encoded input ``[T, B, *]`` and classes ``[B]``.
        device: Where to measure.
    """
    x, y = (tensor.to(device) for tensor in batch)
    if x.untyped_storage().nbytes() > (x[0] if is_repeated(x) else x).nbytes:
        x = _alone(x)
    peaks = _cuda_peaks if device.type == "cuda" else _resident_peaks
    _train(build, x[:, :2], y[:2], device)  # first use of every library on this path
    metrics = peaks("training", partial(_train, build, x, y, device), device)
    metrics |= peaks("inference", partial(_infer, build, x, device), device)
    return metrics | sizes(build().to(device), x)


def missing(reason: str) -> dict[str, Metric]:
    """Return all of the above, not measured."""
    names = (
        "training_peak",
        "inference_peak",
        "parameters",
        "state_per_sample",
        "saved_per_sample_step",
        "saved_predicted",
    )
    return {f"memory.{name}": Metric.missing(reason, "B") for name in names}


def _train(build: Build, x: Tensor, y: Tensor, device: torch.device) -> None:
    network = build().to(device).train()
    optimizer = torch.optim.Adam(network.parameters())
    for _ in range(STEPS):
        training_step(network, optimizer, x, y)


def _infer(build: Build, x: Tensor, device: torch.device) -> None:
    inference(build().to(device).eval(), x)


def _cuda_peaks(name: str, work: Work, device: torch.device) -> dict[str, Metric]:
    """Return the bytes that ``work`` allocated at its peak, and that the allocator reserved for it."""
    allocated, reserved = zip(*[_cuda_reading(work, device) for _ in range(1 + REPEATS)][1:], strict=True)
    return {
        f"memory.{name}_peak": _metric(allocated, 0),
        f"memory.{name}_reserved": _metric(reserved, 0),
    }


def _cuda_reading(work: Work, device: torch.device) -> tuple[int, int]:
    gc.collect()
    torch.cuda.synchronize(device)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    allocated, reserved = torch.cuda.memory_allocated(device), torch.cuda.memory_reserved(device)
    work()
    torch.cuda.synchronize(device)
    return (
        torch.cuda.max_memory_allocated(device) - allocated,
        torch.cuda.max_memory_reserved(device) - reserved,
    )


def _resident_peaks(name: str, work: Work, device: torch.device) -> dict[str, Metric]:
    """Return how far ``work`` raised the resident set of this process."""
    key = f"memory.{name}_peak"
    with mapped_tensors():
        if not os.access(_CLEAR_REFS, os.W_OK):
            return {key: _lifetime_peak(work)}
        readings = [_resident_reading(work) for _ in range(1 + REPEATS)]
    return {key: _metric(readings[1:], resolution())}


def _resident_reading(work: Work) -> int:
    """Return the peak of the resident set during ``work`` above its size before, in bytes (proc(5))."""
    release()
    _CLEAR_REFS.write_text("5")  # the high-water mark falls to the present size
    before = _status("VmRSS")
    work()
    return _status("VmHWM") - before


def _status(name: str) -> int:
    """Return one size from ``/proc/self/status``, in bytes."""
    for line in _STATUS.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise KeyError(name)


def _lifetime_peak(work: Work) -> Metric:
    """Return the same where the mark cannot be reset.

    The peak is known only if ``work`` rises above all that went before.
    """
    import resource  # not on Windows

    unit = 1 if sys.platform == "darwin" else 1024
    release()
    before, earlier = psutil.Process().memory_info().rss, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    work()
    latest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if latest <= earlier:
        return Metric.missing("this system cannot reset its peak, and an earlier one was higher", "B")
    return Metric(float(latest * unit - before), "B", flags=("coarse",))


def resolution() -> int:
    """Return the bytes by which the kernel's resident-set counter may be off.

    Linux counts pages in batches of max(32, 2 · processors) on each processor (lib/percpu_counter.c);
    a thread leaves less than one batch uncounted on the processor it runs on.
    """
    processors = os.cpu_count() or 1
    return mmap.PAGESIZE * max(32, 2 * processors) * min(torch.get_num_threads(), processors)


def _metric(readings: Sequence[int], unresolved: int) -> Metric:
    """Return the median of ``readings`` that are each known to within ``unresolved`` bytes."""
    value = float(median(readings))
    if value <= unresolved:
        return Metric.missing(f"below the {unresolved // 1024} KiB that can be resolved here", "B")
    low, high = max(0, min(readings) - unresolved), max(readings) + unresolved
    flags = ("coarse",) if (high - low) / 2 > COARSE * value else ()
    return Metric(value, "B", float(low), float(high), flags)


def sizes(network: Network, x: Tensor) -> dict[str, Metric]:
    """Return what follows from the network alone, the same on every device.

    Args:
        network: On the device of ``x``.
        x: Encoded input, ``[T, B, *]``, the only view of its storage.
    """
    state = network.eval().initial_state(x[0, :1])
    held = sum(tensor.nbytes for tensor in state)
    parameters = sum(parameter.nbytes for parameter in network.parameters())
    return {
        "memory.parameters": Metric(float(parameters), "B"),
        "memory.state_per_sample": Metric(float(held), "B"),
        "memory.saved_per_sample_step": Metric(_saved(saved_bytes, network, x, held), "B"),
        "memory.saved_predicted": _predicted(network, x, held),
    }


def _alone(x: Tensor) -> Tensor:
    """Return ``x`` as the only view of its storage.

    Of another one the whole base would be counted as saved.
    """
    return x[:1].clone().expand_as(x) if is_repeated(x) else x.clone()


def _predicted(network: Network, x: Tensor, state: int) -> Metric:
    """Return the bytes saved a sample and step, by the rules of the layers."""
    try:
        return Metric(_saved(predicted_bytes, network, x, state), "B")
    except UnknownLayerError as error:
        return Metric.missing(error.message, "B")


def _saved(count: Callable[[Network, Tensor], int], network: Network, x: Tensor, state: int) -> float:
    """Return the bytes saved a sample and step.

    In windows, that is the state between them and what one saves in its turn.

    Args:
        count: Bytes that a network saves for an input, the only view of its storage.
        network: Is left in training mode.
        x: Encoded input, ``[T, B, *]``, likewise.
        state: Bytes of the state of one sample.
    """
    steps, batch = x.shape[:2]
    windows = network.train().windows
    if windows is None:
        return count(network, x) / (steps * batch)
    length = min(windows.steps, steps)
    between = math.ceil(steps / length) - 1
    network.windows = None
    try:
        one = count(network, _alone(x[:length]))
    finally:
        network.windows = windows
    return (between * state * batch + one) / (steps * batch)
