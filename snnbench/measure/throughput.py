"""Throughput is samples and neuron updates a second, of inference and of a training step."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor

from snnbench.core.network import Network
from snnbench.data.dataset import Split
from snnbench.measure.context import CellContext
from snnbench.measure.heap import kept_memory
from snnbench.measure.paired import ratio
from snnbench.measure.plausibility import Peak, demand, device_peak, implausible
from snnbench.measure.stopwatch import Stopwatch, Work, stopwatch_for
from snnbench.measure.timing import Timing, repeat, take_turns
from snnbench.measure.workload import inference, training_step
from snnbench.records import Metric

Call: TypeAlias = Callable[[Tensor, Tensor], object]
References: TypeAlias = Mapping[str, Network | str]
"""Networks that a cell's is compared with, on its device, or why there is none; by suffix of the metric."""

KINDS = ("inference", "training")
UNITS = {"": "samples/s", "_updates": "updates/s", "_end_to_end": "samples/s"}


def throughput(
    trained: CellContext,
    *,
    references: References | None = None,
    seconds: float = 0.5,
    stopwatch: Stopwatch | None = None,
) -> dict[str, Metric]:
    """Return the rates at the cell's batch size, steps and dtype, under the thread count in force.

    For ``inference`` and ``training``:

    - ``throughput.<name>``: samples/s of the model alone, on one encoded batch that stays on the device;
    - ``throughput.<name>_updates``: the same in neuron updates (samples · steps · neurons) a second;
    - ``throughput.<name>_device``: the same by device events, on an accelerator only;
    - ``throughput.<name>_end_to_end``: samples/s with drawing each batch from the dataset and encoding it;
    - ``throughput.<name>_<which>``: the first as a multiple of that network's, the two taking turns, so that
      the machine's drift cancels (see ``paired.Ratio``).

    All but ``_device`` are by the wall clock, the device synchronised. A value is the median over
    windows of calls, ``low`` and ``high`` their quartiles; its flags are those of ``timing.Rate``. A
    rate that the device cannot reach is missing, and so is every ratio of it.

    On a CPU the process keeps what it frees meanwhile (see ``heap``), as the allocator of a GPU does.

    The trained network and torch's global generators are left as they were.

    Args:
        trained: The cell.
        references: What it is compared with.
        seconds: Time cap of each warm-up and of each rate.
        stopwatch: Stands in for the device's own.
    """
    device = trained.device
    clock = stopwatch or stopwatch_for(device)
    with kept_memory(), torch.random.fork_rng([device] if device.type == "cuda" else []):
        return _rates("inference", trained, references or {}, clock, seconds) | _rates(
            "training", trained, references or {}, clock, seconds
        )


def missing(reason: str, references: References | None = None) -> dict[str, Metric]:
    """Return all of the above, not measured."""
    units = UNITS | {f"_{which}": "×" for which in references or {}}
    return {
        f"throughput.{name}{which}": Metric.missing(reason, unit)
        for name in KINDS
        for which, unit in units.items()
    }


def _rates(
    name: str, trained: CellContext, references: References, clock: Stopwatch, seconds: float
) -> dict[str, Metric]:
    """Return all rates and ratios of inference or of training steps."""
    samples, training = trained.cell.budget.batch_size, name == "training"
    split = trained.data.train if training else trained.data.test
    x, y = trained.batch(split, samples, "throughput")
    make_call = training_call if training else inference_call
    networks = {"": trained.network} | {k: net for k, net in references.items() if isinstance(net, Network)}
    calls = {which: make_call(network, trained) for which, network in networks.items()}
    works: list[Work] = [partial(call, x, y) for call in calls.values()]
    batches = encoded_batches(trained, split)

    timed = take_turns(works, clock, seconds)
    end_to_end: Timing | str = timed[0]
    if isinstance(timed[0], Timing):
        end_to_end = repeat(lambda: calls[""](*next(batches)), clock, seconds)
    peak = device_peak(trained.device, {x.dtype, *(p.dtype for p in trained.network.parameters())})
    checked = {
        which: _check(timing, work, networks[which], x, peak)
        for which, work, timing in zip(networks, works, timed, strict=True)
    }
    alone, whole = checked[""], _check(end_to_end, works[0], trained.network, x, peak)
    updates = samples * x.shape[0] * count_neurons(trained.network, x)
    metrics = {
        f"throughput.{name}": _metric(alone, samples, "samples/s"),
        f"throughput.{name}_updates": _metric(alone, updates, "updates/s"),
        f"throughput.{name}_end_to_end": _metric(whole, samples, "samples/s"),
    }
    if isinstance(alone, Timing) and alone.device is not None:
        metrics[f"throughput.{name}_device"] = alone.device.metric(samples, "samples/s")
    others = {which: checked.get(which, reference) for which, reference in references.items()}
    return metrics | {f"throughput.{name}_{which}": _ratio(alone, other) for which, other in others.items()}


def _check(timing: Timing | str, work: Work, network: Network, x: Tensor, peak: Peak) -> Timing | str:
    """Return ``timing``, unless the device cannot have been so fast by either clock: then why."""
    if isinstance(timing, str):
        return timing
    need = demand(work, network, x)
    rates = [rate for rate in (timing.wall, timing.device) if rate is not None]
    return next(filter(None, (implausible(need, rate.median, peak) for rate in rates)), timing)


def _metric(timing: Timing | str, amount: float, unit: str) -> Metric:
    if isinstance(timing, str):
        return Metric.missing(timing, unit)
    return timing.wall.metric(amount, unit)


def _ratio(one: Timing | str, other: Timing | Network | str) -> Metric:
    """Return how much faster ``one`` is than ``other``, if both have been timed."""
    match one, other:
        case Timing(), Timing():
            return ratio(one, other).metric()
        case str(), _:
            return Metric.missing(one, "×")
        case _:
            return Metric.missing(f"the other network: {other}", "×")


def inference_call(network: Network, trained: CellContext) -> Call:
    """Return a call that does inference by a copy of ``network``."""
    network = copy.deepcopy(network).eval()
    return lambda x, y: inference(network, x)


def training_call(network: Network, trained: CellContext) -> Call:
    """Return a call that trains a copy of ``network`` for a step, by the budget of ``trained``.

    The optimiser's step size is 0: it computes all it ever does, but every call starts from the
    trained weights. Hundreds of real steps on one batch would change the firing rates and drive the
    gradients into denormal numbers, which a CPU is slow at.
    """
    network = copy.deepcopy(network).train()
    decay = trained.cell.budget.weight_decay
    optimizer = torch.optim.Adam(network.parameters(), lr=0.0, weight_decay=decay)
    return partial(training_step, network, optimizer)


def encoded_batches(trained: CellContext, split: Split) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield endless full batches of ``split``, drawn and encoded as training does."""
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
    """Return the number of neurons in all populations, for an input ``[T, B, *]``."""
    with torch.no_grad():
        return sum(output[0, 0].numel() for output in network.outputs(x[:1, :1]))
