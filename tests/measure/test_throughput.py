import copy
import platform
import resource
from collections.abc import Callable, Iterator
from itertools import islice

import pytest
import torch
from torch import Tensor, nn

from snnbench.components.neurons.lif import LIF
from snnbench.components.surrogates.fast_sigmoid import FastSigmoid
from snnbench.core.network import Network
from snnbench.data.dataset import Dataset, Split
from snnbench.measure import throughput as module
from snnbench.measure.context import CellContext
from snnbench.measure.plausibility import Peak
from snnbench.measure.stopwatch import Lap, Stopwatch, time_on_cpu
from snnbench.measure.throughput import (
    count_neurons,
    encoded_batches,
    inference_call,
    throughput,
    training_call,
)
from snnbench.records import Cell, Component
from snnbench.settings import Budget

STEPS, BATCH, INPUTS, WIDTHS, CLASSES = 5, 8, 12, (16, 6), 3
CALL = 0.001
NAMES = ("inference", "training")


class Repeat:
    """An encoder that shows the sample at every step, and counts its calls."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.calls: list[int] = []

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        self.calls.append(len(x))
        noise = torch.rand(x.shape, generator=generator)
        return (x + 0 * noise).expand(self.steps, *x.shape)


def split(count: int, inputs: int) -> Split:
    x = torch.arange(count * inputs, dtype=torch.float32).reshape(count, inputs) / (count * inputs)
    return Split(x, torch.arange(count) % CLASSES)


def make_trained(
    *, inputs: int = INPUTS, widths: tuple[int, ...] = WIDTHS, batch: int = BATCH, samples: int = 24
) -> CellContext:
    generator = torch.Generator().manual_seed(0)
    layers: list[nn.Module] = [nn.Flatten()]
    before = inputs
    for width in widths:
        layers += [nn.Linear(before, width), nn.BatchNorm1d(width), nn.Dropout(0.5)]
        layers += [LIF((width,), FastSigmoid(), generator)]
        before = width
    network = Network(layers, "spike_sum", nn.Linear(before, CLASSES)).eval()
    part = Component("test")
    budget = Budget(steps=STEPS, batch_size=batch, weight_decay=1e-4)
    cell = Cell(part, part, part, part, part, budget, seed=0, key="0123")
    data = Dataset(split(samples, inputs), split(samples, inputs), split(samples, inputs), CLASSES)
    return CellContext(cell, network, Repeat(STEPS), data, torch.device("cpu"))


def paced(seconds: float, device: float | None = None) -> Stopwatch:
    """A clock on which every call takes ``seconds``."""

    def lap(work: Callable[[], object], calls: int) -> Lap:
        work()
        return Lap(calls * seconds, None if device is None else calls * device)

    return lap


@pytest.fixture
def any_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "device_peak", lambda device, dtypes: Peak(1e30, 1e30))


@pytest.mark.usefixtures("any_rate")
def test_rates_are_samples_and_neuron_updates_over_time() -> None:
    metrics = throughput(make_trained(), seconds=0.1, stopwatch=paced(CALL))
    assert set(metrics) == {
        f"throughput.{name}{suffix}" for name in NAMES for suffix in ("", "_updates", "_end_to_end")
    }
    for name in NAMES:
        for key in (f"throughput.{name}", f"throughput.{name}_end_to_end"):
            assert metrics[key].value == pytest.approx(BATCH / CALL)
            assert metrics[key].unit == "samples/s"
        updates = metrics[f"throughput.{name}_updates"]
        assert updates.value == pytest.approx(BATCH * STEPS * sum(WIDTHS) / CALL)
        assert updates.unit == "updates/s"


@pytest.mark.usefixtures("any_rate")
def test_device_events_are_reported_beside_the_wall_clock() -> None:
    metrics = throughput(make_trained(), seconds=0.1, stopwatch=paced(CALL, device=CALL / 4))
    for name in NAMES:
        assert metrics[f"throughput.{name}"].value == pytest.approx(BATCH / CALL)
        assert metrics[f"throughput.{name}_device"].value == pytest.approx(4 * BATCH / CALL)


@pytest.mark.usefixtures("any_rate")
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator")
@pytest.mark.usefixtures("any_rate")
def test_no_call_maps_memory_anew() -> None:
    faults: list[int] = []

    def lap(work: Callable[[], object], calls: int) -> Lap:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        torch.ones(2**24)  # 64 MiB: more than glibc would ever keep
        faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
        return Lap(calls * CALL)

    throughput(make_trained(), seconds=0.1, stopwatch=lap)
    assert faults[-1] < 1000  # of 16,384 pages


def test_a_rate_that_does_not_settle_is_flagged() -> None:
    pace = iter(range(10**6))

    def lap(work: Callable[[], object], calls: int) -> Lap:
        return Lap(calls * CALL * (1 + next(pace) % 2))

    metrics = throughput(make_trained(), seconds=0.1, stopwatch=lap)
    assert all("unstable" in metric.flags for metric in metrics.values())


def test_what_the_device_cannot_do_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "device_peak", lambda device, dtypes: Peak(1.0, 1e30))
    metrics = throughput(make_trained(), seconds=0.1, stopwatch=paced(CALL))
    for metric in metrics.values():
        assert metric.value is None
        assert (metric.low, metric.high) == (None, None)
        assert metric.reason is not None
        assert metric.reason.startswith("implausible: ")


def test_a_clock_a_thousand_times_too_fast_is_refused() -> None:
    def too_fast(work: Callable[[], object], calls: int) -> Lap:
        return Lap(time_on_cpu(work, calls).wall / 1000)

    trained = make_trained(inputs=256, widths=(512,), batch=64)
    metrics = throughput(trained, seconds=0.0001, stopwatch=too_fast)
    assert {metric.value for metric in metrics.values()} == {None}
    assert all(str(metric.reason).startswith("implausible: ") for metric in metrics.values())


def test_the_true_clock_is_believed() -> None:
    trained = make_trained(inputs=256, widths=(512,), batch=64)
    assert all(metric.value is not None for metric in throughput(trained, seconds=0.05).values())


@pytest.mark.usefixtures("any_rate")
def test_the_network_and_the_generators_are_left_alone() -> None:
    trained = make_trained()
    before = copy.deepcopy(trained.network.state_dict())
    random = torch.get_rng_state()
    throughput(trained, seconds=0.1, stopwatch=paced(CALL))
    after = trained.network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not any(child.training for child in trained.network.modules())
    assert all(parameter.grad is None for parameter in trained.network.parameters())
    assert torch.equal(torch.get_rng_state(), random)


def test_every_training_call_starts_from_the_trained_weights() -> None:
    trained = make_trained()
    step = training_call(trained.network, trained)
    network, optimizer = step.args  # type: ignore[attr-defined]
    x, y = trained.batch(trained.data.train, BATCH, "test")
    for _ in range(3):
        step(x, y)
    trained_weights = dict(trained.network.named_parameters())
    for name, parameter in network.named_parameters():
        assert torch.equal(parameter, trained_weights[name])
        assert parameter.grad is not None
        state = optimizer.state[parameter]
        assert state["step"] == 3
        assert state["exp_avg_sq"].any() == parameter.grad.any()
    assert any(state["exp_avg"].any() for state in optimizer.state.values())
    assert network.training
    assert optimizer.param_groups[0]["weight_decay"] == 1e-4


def test_inference_is_in_evaluation_mode_and_keeps_no_graph() -> None:
    trained = make_trained()
    x, y = trained.batch(trained.data.test, BATCH, "test")
    logits = inference_call(trained.network, trained)(x, y)
    assert isinstance(logits, Tensor)
    assert logits.grad_fn is None
    assert torch.equal(logits, trained.network(x))


@pytest.mark.usefixtures("any_rate")
def test_only_end_to_end_draws_and_encodes() -> None:
    trained = make_trained()
    encoder = trained.encoder
    assert isinstance(encoder, Repeat)
    seen: list[int] = []

    def lap(work: Callable[[], object], calls: int) -> Lap:
        before = len(encoder.calls)
        for _ in range(calls):
            work()
        seen.append((len(encoder.calls) - before) / calls)
        return Lap(calls * CALL)

    throughput(trained, seconds=0.1, stopwatch=lap)
    quarter = len(seen) // 4
    assert seen == ([0] * quarter + [1] * quarter) * 2


def pass_of(batches: Iterator[tuple[Tensor, Tensor]], count: int) -> list[float]:
    return [float(value) for x, _ in islice(batches, count) for value in x[0, :, 0]]


def test_a_pass_over_the_split_draws_every_sample_once_in_fresh_order() -> None:
    trained = make_trained(samples=24)
    batches = encoded_batches(trained, trained.data.train)
    first, second = pass_of(batches, 3), pass_of(batches, 3)
    everything = [float(value) for value in trained.data.train.x[:, 0]]
    assert sorted(first) == sorted(second) == everything
    assert first != second
    assert first != everything


def test_drawn_samples_keep_their_classes() -> None:
    trained = make_trained()
    classes = {float(x[0]): int(y) for x, y in zip(trained.data.train.x, trained.data.train.y, strict=True)}
    for x, y in islice(encoded_batches(trained, trained.data.train), 5):
        assert x.shape == (STEPS, BATCH, INPUTS)
        assert [classes[float(value)] for value in x[0, :, 0]] == y.tolist()


@pytest.mark.parametrize("samples", [3, 8, 11, 100])
def test_batches_are_full_whatever_the_size_of_the_split(samples: int) -> None:
    trained = make_trained(samples=samples)
    assert {len(y) for _, y in islice(encoded_batches(trained, trained.data.train), 30)} == {BATCH}


def test_neurons_are_those_of_all_populations() -> None:
    trained = make_trained(widths=(7, 5, 3))
    x, _ = trained.batch(trained.data.train, BATCH, "test")
    assert count_neurons(trained.network, x) == 15
    generator = torch.Generator()
    convolution = Network(
        [nn.Conv2d(1, 4, 3), LIF((4, 6, 6), FastSigmoid(), generator), nn.Flatten()],
        "spike_sum",
        nn.Linear(144, 10),
    ).eval()
    assert count_neurons(convolution, torch.rand(STEPS, 2, 1, 8, 8)) == 4 * 6 * 6


class Works:
    """A clock on which inference and training by each network take what ``seconds`` says for its width."""

    def __init__(self, **seconds: float) -> None:
        self.seconds = seconds

    def __call__(self, work: Callable[[], object], calls: int) -> Lap:
        work()
        network = next((net for net in _reachable(work) if isinstance(net, Network)), None)
        width = network.classifier.in_features if network is not None else WIDTHS[-1]
        return Lap(calls * self.seconds[f"w{width}"])


def _reachable(work: object) -> Iterator[object]:
    """What a call is made of: the arguments of its partials, the variables of its closures."""
    for part in (*getattr(work, "args", ()), getattr(work, "func", None), *_closed_over(work)):
        if part is not None:
            yield part
            if callable(part) and not isinstance(part, nn.Module):
                yield from _reachable(part)


def _closed_over(work: object) -> list[object]:
    return [cell.cell_contents for cell in getattr(work, "__closure__", None) or ()]


@pytest.mark.usefixtures("any_rate")
def test_a_ratio_is_the_cells_rate_over_the_reference_models() -> None:
    references = {
        "ratio": make_trained(widths=(16, 7)).network,
        "floor": make_trained(widths=(16, 3)).network,
        "absent": "the neuron does not spike",
    }
    clock = Works(w6=0.002, w7=0.005, w3=0.001)
    metrics = throughput(make_trained(), references=references, seconds=0.1, stopwatch=clock)
    for name in NAMES:
        assert metrics[f"throughput.{name}"].value == pytest.approx(BATCH / 0.002)
        ratio, floor = metrics[f"throughput.{name}_ratio"], metrics[f"throughput.{name}_floor"]
        assert (ratio.value, ratio.low, ratio.high) == pytest.approx((2.5, 2.5, 2.5))
        assert floor.value == pytest.approx(0.5)
        assert (ratio.unit, floor.unit) == ("×", "×")
        absent = metrics[f"throughput.{name}_absent"]
        assert (absent.value, absent.reason) == (None, "the other network: the neuron does not spike")
    assert set(module.missing("", references)) == set(metrics)


def test_a_ratio_to_an_implausible_rate_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference alone is impossibly fast."""
    monkeypatch.setattr(module, "device_peak", lambda device, dtypes: Peak(1e9, 1e30))
    references = {"ratio": make_trained(widths=(16, 7)).network}
    clock = Works(w6=0.002, w7=1e-6)
    metrics = throughput(make_trained(), references=references, seconds=1e-3, stopwatch=clock)
    assert metrics["throughput.training"].value is not None
    ratio = metrics["throughput.training_ratio"]
    assert ratio.value is None
    assert str(ratio.reason).startswith("the other network: implausible: ")


@pytest.mark.usefixtures("any_rate")
def test_a_cell_that_is_too_slow_says_so_and_runs_nothing_more() -> None:
    references = {"ratio": make_trained().network}
    metrics = throughput(make_trained(), references=references, seconds=0.1, stopwatch=paced(1.0))
    assert {metric.value for metric in metrics.values()} == {None}
    assert all("one call takes 1 s" in str(metric.reason) for metric in metrics.values())


@pytest.mark.usefixtures("any_rate")
def test_reference_models_are_left_as_they_were() -> None:
    reference = make_trained(widths=(16, 7)).network
    before = copy.deepcopy(reference.state_dict())
    throughput(make_trained(), references={"ratio": reference}, seconds=0.1, stopwatch=paced(CALL))
    assert all(torch.equal(before[name], value) for name, value in reference.state_dict().items())
    assert not reference.training
