from collections.abc import Callable, Iterator

import pytest
import torch
from torch import nn

from snnbench import LibrarySurrogate, Surrogate
from snnbench.measure import plausibility
from snnbench.measure.plausibility import MARGIN, Demand, Peak, demand, device_peak, implausible
from snnbench.measure.stopwatch import Lap
from snnbench.measure.workload import inference, training_step

CPU = torch.device("cpu")


@pytest.fixture
def fresh_peaks() -> Iterator[None]:
    plausibility._peak_flops.cache_clear()
    plausibility._peak_bytes.cache_clear()
    yield
    plausibility._peak_flops.cache_clear()
    plausibility._peak_bytes.cache_clear()


def test_demand_of_inference_is_the_products_and_the_bytes() -> None:
    network, x = nn.Sequential(nn.Linear(30, 20), nn.ReLU(), nn.Linear(20, 10)), torch.rand(7, 30)
    need = demand(lambda: inference(network, x), network, x)
    assert need.flops == 2 * 7 * (30 * 20 + 20 * 10)
    assert need.bytes == 4 * (7 * 30 + 30 * 20 + 20 + 20 * 10 + 10)


def test_demand_of_a_training_step_counts_the_backward_products() -> None:
    network, x, y = (
        nn.Sequential(nn.Linear(30, 20), nn.Linear(20, 10)),
        torch.rand(7, 30),
        torch.zeros(7).long(),
    )
    optimizer = torch.optim.Adam(network.parameters())
    need = demand(lambda: training_step(network, optimizer, x, y), network, x)
    first, second = 2 * 7 * 30 * 20, 2 * 7 * 20 * 10
    assert need.flops == 2 * first + 3 * second  # the input of the first layer needs no gradient


class Slope(nn.Module):
    """A derivative that is a module, called in the backward pass, as some libraries' surrogates are."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return z.sigmoid()


class ByModule(Surrogate):
    def __init__(self) -> None:
        self.slope = LibrarySurrogate(Slope)

    def derivative(self, z: torch.Tensor) -> torch.Tensor:
        return self.slope.derivative(z)


def test_a_module_called_in_a_backward_pass_is_counted_like_any_other() -> None:
    network, x, y = nn.Linear(30, 20), torch.rand(7, 30), torch.zeros(7).long()
    spiking = nn.Sequential(network, Spiking(ByModule()))
    optimizer = torch.optim.Adam(network.parameters())
    need = demand(lambda: training_step(spiking, optimizer, x, y), spiking, x)
    assert need.flops == 2 * 2 * 7 * 30 * 20


class Spiking(nn.Module):
    def __init__(self, surrogate: Surrogate) -> None:
        super().__init__()
        self.surrogate = surrogate

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.surrogate(z)


def test_an_expanded_input_is_read_once() -> None:
    network, x = nn.Linear(30, 20, bias=False), torch.rand(1, 7, 30).expand(25, 7, 30)
    assert demand(lambda: None, network, x).bytes == 4 * (7 * 30 + 30 * 20)


def test_a_rate_is_refused_just_above_the_margin() -> None:
    peak = Peak(flops=1e9, bytes=1e8)
    allowed = MARGIN * 1e9 / 1000
    assert implausible(Demand(1000, 0), allowed * 0.999, peak) is None
    reason = implausible(Demand(1000, 0), allowed * 1.001, peak)
    assert reason is not None
    assert reason.startswith("implausible: ")
    assert "FLOP/s" in reason


def test_bytes_are_held_against_the_copy() -> None:
    reason = implausible(Demand(0, 1000), MARGIN * 1e8 / 999, Peak(flops=1e9, bytes=1e8))
    assert reason is not None
    assert " B/s" in reason
    assert implausible(Demand(0, 1000), MARGIN * 1e8 / 1001, Peak(flops=1e9, bytes=1e8)) is None


@pytest.mark.parametrize("rate", [float("nan"), float("inf")])
def test_a_rate_that_is_no_number_is_refused(rate: float) -> None:
    assert implausible(Demand(1, 1), rate, Peak(1e9, 1e9)) is not None


def test_peaks_follow_from_the_clock(monkeypatch: pytest.MonkeyPatch, fresh_peaks: None) -> None:
    def millisecond_a_call(work: Callable[[], object], calls: int) -> Lap:
        return Lap(calls / 1000)

    monkeypatch.setattr(plausibility, "stopwatch_for", lambda device: millisecond_a_call)
    peak = device_peak(CPU, {torch.float32})
    assert peak.flops == pytest.approx(1000 * 2 * 1024**3)
    assert peak.bytes == pytest.approx(1000 * 2 * 2**24)


def test_peaks_are_measured_once_and_leave_the_generator_alone(
    monkeypatch: pytest.MonkeyPatch, fresh_peaks: None
) -> None:
    torch.set_num_threads(1)
    before = torch.get_rng_state()
    first = device_peak(CPU, {torch.float32})
    assert torch.equal(torch.get_rng_state(), before)
    assert first.flops > 0
    assert first.bytes > 0
    monkeypatch.setattr(plausibility, "stopwatch_for", lambda device: pytest.fail("measured again"))
    assert device_peak(CPU, {torch.float32}) == first
