"""Whether a neuron is the reference, where it is known to be and where it is known not to be."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

import snnbench
from snnbench.components.neurons.lif import LIF
from snnbench.components.surrogates.atan import ATan
from snnbench.core.eager import State
from snnbench.core.neuron import Neuron
from snnbench.errors import UsageError
from snnbench.matrix.plan import plan
from snnbench.matrix.read import load
from snnbench.measure.context import CellContext
from snnbench.measure.equivalence import COSINE, FLIPS, SCALE, equivalence, grade
from snnbench.plugin.host import Host
from snnbench.records import Cell, Component, Metric
from snnbench.settings import Budget

DATA = snnbench.make_dataset("digits")


def trained(neuron: str, network: str = "dense") -> CellContext:
    part = Component("any")
    cell = Cell(part, part, part, part, part, Budget(batch_size=32), 0, key="0" * 16)
    built = snnbench.make_network(network, (1, 8, 8), 10, neuron=neuron, surrogate="atan")
    encoder = Host.load().find("encoder", "direct").spec.load()(25)
    return CellContext(cell, built, encoder, DATA, torch.device("cpu"))


def compared(neuron: str, reference: str, network: str = "dense") -> tuple[dict[str, Metric], str]:
    def make(features: tuple[int, ...]) -> Neuron:
        return snnbench.make_neuron(reference, features, surrogate="atan")

    metrics = equivalence(trained(neuron, network), make)
    return metrics, grade(metrics)


@pytest.mark.parametrize("network", ["dense", "conv(channels=[3])"])
def test_a_neuron_is_itself(network: str) -> None:
    metrics, found = compared("lif(beta=0.9)", "lif(beta=0.9)", network)
    assert found == "A"
    assert metrics[FLIPS].value == 0
    assert metrics[COSINE].value == pytest.approx(1, abs=1e-6)


def test_a_reset_to_zero_is_the_same_with_and_without_delay() -> None:
    """β·(1 − s')·u' + x is β·u' + x for the u' that was wiped at once."""
    assert compared("lif(reset=zero, reset_delay=false)", "lif(reset=zero)")[1] == "A"


def test_a_reset_that_subtracts_is_another_model_without_delay() -> None:
    metrics, found = compared("lif(reset_delay=false)", "lif")
    assert found == "C"
    assert 1e-3 < (metrics[FLIPS].value or 0) < 0.5


def test_the_spikes_may_be_equal_and_the_gradients_not() -> None:
    metrics, found = compared("lif(beta=0.9, detach_reset=true)", "lif(beta=0.9)")
    assert metrics[FLIPS].value == 0
    assert (metrics[COSINE].value or 1) < 0.999
    assert found == "C"


def test_a_slightly_different_decay_flips_few_spikes() -> None:
    metrics, found = compared("lif(beta=0.90001)", "lif(beta=0.9)")
    assert 0 < (metrics[FLIPS].value or 0) < 1e-3
    assert found == "B"


def test_silence_has_no_gradient_to_compare() -> None:
    surrogate = snnbench.make_surrogate("boxcar")

    def make(features: tuple[int, ...]) -> Neuron:
        neuron = snnbench.make_neuron("lif(threshold=2e6)", features)
        neuron.surrogate = surrogate
        return neuron

    metrics = equivalence(trained("lif"), make)
    assert metrics[SCALE].value == 1, "no current makes it spike"
    assert metrics[COSINE].value is None
    assert metrics[COSINE].reason == "a gradient is 0"
    assert grade(metrics) == "–"


def test_silence_equals_nothing() -> None:
    metrics, found = compared("lif(threshold=1000)", "lif(threshold=1000)")
    assert (metrics[FLIPS].value, metrics[FLIPS].reason) == (None, "neither spikes")
    assert found == "–"


class Scaled(LIF):
    """A LIF that scales its input."""

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        return super().step(0.05 * x_t, state)


def test_a_neuron_that_scales_its_input_is_the_reference_for_another_current() -> None:
    def make(features: tuple[int, ...]) -> Neuron:
        return snnbench.make_neuron("lif(beta=0.9)", features, surrogate="atan")

    cell = trained("lif(beta=0.9)")
    (index,) = (i for i, layer in enumerate(cell.network.layers) if isinstance(layer, Neuron))
    cell.network.layers[index] = Scaled((128,), ATan(), torch.Generator(), beta=0.9)
    with torch.no_grad():
        cell.network.layers[index - 1].weight *= 20  # or few of them would spike
    metrics = equivalence(cell, make)
    assert metrics[SCALE].value == pytest.approx(0.05, rel=1e-9)
    assert (metrics[FLIPS].value or 0) < 1e-3
    assert metrics[COSINE].value == pytest.approx(1, abs=1e-6)
    assert grade(metrics).endswith(" at current × 0.05")


def test_a_threshold_twice_as_high_is_the_reference_for_half_the_current_but_for_its_gradient() -> None:
    metrics, found = compared("lif(threshold=2)", "lif")
    assert metrics[SCALE].value == pytest.approx(0.5, rel=1e-9)
    assert (metrics[FLIPS].value or 0) < 1e-3
    assert found == "C"


def test_a_recurrent_neuron_is_itself_with_its_own_weights() -> None:
    assert compared("rlif", "rlif(detach_reset=false)")[1] == "A"
    assert compared("rlif", "rlif(rec_strength=1.1)")[1] == "C"


MATRIX = """
datasets = ["digits"]
encoders = ["direct"]
networks = ["dense(hidden=[8])"]
neurons = ["lif(beta=0.9)", "lif", "relu"]
surrogates = ["atan"]
seeds = 1
train = {{ epochs = 1, steps = 5 }}
[measure]
throughput = false
memory = false
stability = false
reference = "{reference}"
"""


def test_a_run_tells_the_class_of_each_row(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(MATRIX.format(reference="lif(beta=0.9)"))
    rows = snnbench.run(tmp_path / "m.toml", out=tmp_path / "out").set_index("neuron")
    assert rows["label.equivalence"].to_dict() == {"lif[beta=0.9]": "A", "lif": "C", "relu": "–"}
    assert set(rows["label.reference"]) == {"lif[beta=0.9]"}
    assert rows.loc["relu", f"{FLIPS}.reason"] == "the neuron does not spike"


@pytest.mark.parametrize("reference", ["relu", "lif(beta=[0.5,0.9])", "lof"])
def test_a_reference_is_one_neuron_that_spikes(tmp_path: Path, reference: str) -> None:
    (tmp_path / "m.toml").write_text(MATRIX.format(reference=reference))
    with pytest.raises(UsageError, match=r"measure\.reference|unknown neuron 'lof'"):
        plan(load(str(tmp_path / "m.toml")), Host.load())
