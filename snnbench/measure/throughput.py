"""Throughput: samples and neuron updates a second, of inference and of a training step."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor

from snnbench.engine.data import Split
from snnbench.engine.network import Network
from snnbench.measure.plausibility import demand, device_peak, implausible
from snnbench.measure.timing import Rate, Stopwatch, Timing, Work, repeat, stopwatch_for
from snnbench.measure.trained import Trained
from snnbench.measure.workload import inference, training_step
from snnbench.records import Metric

Call: TypeAlias = Callable[[Tensor, Tensor], object]


def throughput(
    trained: Trained, *, seconds: float = 0.5, stopwatch: Stopwatch | None = None
) -> dict[str, Metric]:
    """Rates at the cell's batch size, steps and dtype, under the thread count in force.

    For ``inference`` and ``training``:

    - ``throughput.<name>``: samples/s of the model alone, on one encoded batch that stays on the device;
    - ``throughput.<name>_updates``: the same in neuron updates (samples · steps · neurons) a second;
    - ``throughput.<name>_device``: the same by device events, on an accelerator only;
    - ``throughput.<name>_end_to_end``: samples/s with drawing each batch from the dataset and encoding it.

    All but ``_device`` are by the wall clock, the device synchronised. A value is the median over
    windows of calls, ``low`` and ``high`` their quartiles; its flags are those of ``timing.Rate``. A
    rate that the device cannot reach is missing.

    The trained network and torch's global generators are left as they were.

    Args:
        trained: The cell.
        seconds: Time cap of each warm-up and of each of the four measurements.
        stopwatch: Stands in for the device's own.
    """
    device = trained.device
    clock = stopwatch or stopwatch_for(device)
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        time = partial(repeat, stopwatch=clock, seconds=seconds)
        return _rates("inference", trained, inference_call(trained), trained.data.test, time) | _rates(
            "training", trained, training_call(trained), trained.data.train, time
        )


def missing(reason: str) -> dict[str, Metric]:
    """All of the above, not measured."""
    units = {"": "samples/s", "_updates": "updates/s", "_end_to_end": "samples/s"}
    return {
        f"throughput.{name}{which}": Metric.missing(reason, unit)
        for name in ("inference", "training")
        for which, unit in units.items()
    }


def _rates(
    name: str, trained: Trained, call: Call, split: Split, time: Callable[[Work], Timing]
) -> dict[str, Metric]:
    """All rates of one call on batches of ``split``."""
    samples = trained.cell.budget.batch_size
    x, y = trained.batch(split, samples, "throughput")
    batches = encoded_batches(trained, split)
    alone = time(partial(call, x, y))
    end_to_end = time(lambda: call(*next(batches)))

    need = demand(partial(call, x, y), trained.network, x)
    peak = device_peak(trained.device, {x.dtype, *(p.dtype for p in trained.network.parameters())})
    updates = samples * x.shape[0] * count_neurons(trained.network, x)

    def checked(rate: Rate, amount: float, unit: str) -> Metric:
        reason = implausible(need, rate.median, peak)
        return Metric.missing(reason, unit) if reason else rate.metric(amount, unit)

    metrics = {
        f"throughput.{name}": checked(alone.wall, samples, "samples/s"),
        f"throughput.{name}_updates": checked(alone.wall, updates, "updates/s"),
        f"throughput.{name}_end_to_end": checked(end_to_end.wall, samples, "samples/s"),
    }
    if alone.device is not None:
        metrics[f"throughput.{name}_device"] = checked(alone.device, samples, "samples/s")
    return metrics


def inference_call(trained: Trained) -> Call:
    """Inference by a copy of the network."""
    network = copy.deepcopy(trained.network).eval()
    return lambda x, y: inference(network, x)


def training_call(trained: Trained) -> Call:
    """Training steps of a copy of the network.

    The optimiser's step size is 0: it computes all it ever does, but every call starts from the
    trained weights. Hundreds of real steps on one batch would change the firing rates and drive the
    gradients into denormal numbers, which a CPU is slow at.
    """
    network = copy.deepcopy(trained.network).train()
    decay = trained.cell.budget.weight_decay
    optimizer = torch.optim.Adam(network.parameters(), lr=0.0, weight_decay=decay)
    return partial(training_step, network, optimizer)


def encoded_batches(trained: Trained, split: Split) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless full batches of ``split``: drawn in a fresh order each pass and encoded, as training does."""
    size = trained.cell.budget.batch_size
    order, noise = trained.generator("throughput.order"), trained.generator("throughput.encoder")
    split = split.near(trained.device)
    while True:
        shuffled = torch.randperm(len(split), generator=order, device=trained.device)
        shuffled = shuffled.repeat(-(-size // len(split)))  # a split may be smaller than a batch
        for index in torch.split(shuffled, size):
            if len(index) == size:
                x, y = split.batch(index)
                yield trained.encoder(x, noise), y


def count_neurons(network: Network, x: Tensor) -> int:
    """Neurons of all populations, for an input ``[T, B, *]``; ``network`` is in evaluation mode."""
    with torch.no_grad():
        return sum(output[0, 0].numel() for output in network.outputs(x[:1, :1]))
