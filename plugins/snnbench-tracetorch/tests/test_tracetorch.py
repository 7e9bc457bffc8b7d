"""Every component against traceTorch 0.19.2 itself, used as its documentation says: exactly, in float64."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
import tracetorch as tt
from torch import Tensor, nn

from snnbench import Neuron, load_results, make_neuron, make_surrogate
from snnbench.components.surrogates.sigmoid import Sigmoid
from snnbench.core.surrogate import derivative
from snnbench.errors import UsageError
from snnbench_tracetorch.layer_specs import LAYERS

STEPS, BATCH, WIDTH = 40, 3, 4
NAMES = [spec.name for spec in LAYERS]
FIRING = [spec.name for spec in LAYERS if spec.spike != "none"]
SPELLED = {"simple_rnn": "SimpleRNN", "mamba": "Mamba"}
OFF_DEFAULT = {
    "alpha": 0.6,
    "beta": 0.8,
    "gamma": 0.7,
    "threshold": 0.7,
    "bias": 0.05,
    "scale": 1.3,
    "rec_weight": 0.4,
}


def drive(shape: tuple[int, ...] = (WIDTH,)) -> Tensor:
    noise = torch.randn(STEPS, BATCH, *shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    return (0.2 + noise).requires_grad_()


def params_of(name: str, rank: int = 1) -> dict[str, Any]:
    """Values off the defaults, where it has any; the halves differ."""
    found: dict[str, Any] = {}
    for param in next(spec for spec in LAYERS if spec.name == name).params:
        kind = param.removeprefix("pos_").removeprefix("neg_")
        if kind in OFF_DEFAULT:
            found[param] = OFF_DEFAULT[kind] * (0.9 if param.startswith("neg_") else 1.0)
            found[f"{param}_rank"] = rank
    return found


def make(name: str, surrogate: str = "snnbench-tracetorch:sigmoid4x", **params: Any) -> Neuron:
    spec = next(spec for spec in LAYERS if spec.name == name)
    given = None if spec.spike == "none" else surrogate_of(surrogate)
    made = spec.load()(
        (WIDTH,), given, torch.Generator().manual_seed(0), **spec.resolve(tuple(params.items()))
    )
    return made.double()  # type: ignore[no-any-return]


surrogate_of = cache(make_surrogate)


def bare(name: str, neuron: Neuron, **arguments: Any) -> Any:
    """TraceTorch's layer of that name, in float64, with the weights of ``neuron``."""
    spelled = SPELLED.get(name, name.upper())
    home = next(one for one in (tt.snn, tt.rnn, tt.ssm) if spelled in one.__all__)
    sizes = (WIDTH, WIDTH) if home is tt.rnn else (WIDTH,)
    layer = getattr(home, spelled)(*sizes, **arguments).double()
    layer.load_state_dict({key.removeprefix("module."): value for key, value in neuron.state_dict().items()})
    return layer


def run(neuron: Neuron, x: Tensor) -> list[Tensor]:
    state, rows = neuron.initial_state(x[0]), []
    for x_t in x:
        y_t, state = neuron.step(x_t, state)
        rows.append((y_t, *state))
    return [torch.stack(column) for column in zip(*rows, strict=True)]


def run_bare(layer: Any, states: tuple[str, ...], x: Tensor) -> list[Tensor]:
    layer.zero_states()
    rows = [(layer(x_t), *(getattr(layer, name) for name in states)) for x_t in x]
    return [torch.stack(column) for column in zip(*rows, strict=True)]


def gradients(rows: list[Tensor], wrt: list[Tensor]) -> tuple[Tensor | None, ...]:
    generator = torch.Generator().manual_seed(3)
    loss = sum((y * torch.randn(y.shape, generator=generator, dtype=torch.float64)).sum() for y in rows)
    return torch.autograd.grad(loss, wrt, allow_unused=True)  # type: ignore[arg-type]


def assert_same(neuron: Neuron, layer: Any, x: Tensor) -> list[Tensor]:
    ours, theirs = run(neuron, x), run_bare(layer, neuron.states, x)
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    mine = {name.removeprefix("module."): value for name, value in neuron.named_parameters()}
    other = dict(layer.named_parameters())
    assert mine.keys() == other.keys()
    found = gradients(ours, [x, *mine.values()])
    expected = gradients(theirs, [x, *(other[name] for name in mine)])
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)
    return ours


@pytest.mark.parametrize("name", NAMES)
def test_a_layer_is_tracetorch_s(name: str) -> None:
    """At traceTorch's defaults."""
    neuron = make(name)
    ours = assert_same(neuron, bare(name, neuron), drive())
    assert ours[0].any()


@pytest.mark.parametrize("name", FIRING)
def test_rounded_it_spikes(name: str) -> None:
    """Off the defaults, with values of rank 0, and rounding."""
    given = params_of(name, rank=0)
    neuron = make(name, "snnbench-tracetorch:sigmoid4x_round_ste", **given)
    layer = bare(name, neuron, **given, quant_fn=tt.functional.round_ste())
    spikes = assert_same(neuron, layer, drive())[0].detach()
    values = {0.0, 1.0} if name.endswith("lib") else {-1.0, 0.0, 1.0}
    assert name.endswith("lits") or set(spikes.unique().tolist()) == values
    assert 0.02 < float((spikes != 0).double().mean()) < 0.98


def test_it_takes_any_surrogate() -> None:
    """Ours of slope 4 is its own, rounded."""
    ours, theirs = make("lib", "sigmoid(slope=4)"), make("lib", "snnbench-tracetorch:sigmoid4x_round_ste")
    x = drive()
    assert torch.equal(ours(x)[0], theirs(x)[0])
    found, expected = (gradients([neuron(x)[0]], [x]) for neuron in (ours, theirs))
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["dsrlits", "s4", "mamba", "lstm"])
@pytest.mark.parametrize("dim", [1, -3])
def test_dim_chooses_the_neuron_axis(name: str, dim: int) -> None:
    text = f"snnbench-tracetorch:{name}(dim={dim})"
    neuron = make_neuron(text, (WIDTH, 3, 2), surrogate="sigmoid", dtype=torch.float64)
    layer = bare(name, neuron, dim=dim, **({"spike_fn": Sigmoid()} if name in FIRING else {}))
    x = drive((WIDTH, 3, 2))
    ours, theirs = run(neuron, x), run_bare(layer, neuron.states, x)
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    assert ours[0].shape == x.shape


@pytest.mark.parametrize("dim", [0, 2, -2])
def test_dim_is_no_other_axis(dim: int) -> None:
    with pytest.raises(UsageError, match=f"dim={dim} is no axis of the features"):
        make("lib", dim=dim)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_is_the_same(name: str, copied: Callable[[Neuron], Neuron]) -> None:
    neuron, x = make(name), drive()
    expected = neuron(x)[0].detach()
    assert torch.equal(copied(neuron)(x)[0], expected)


def test_weights_come_from_the_generator() -> None:
    torch.manual_seed(1)
    text = "snnbench-tracetorch:s4"
    one, again, other = (make_neuron(text, (WIDTH,), seed=seed).module for seed in (0, 0, 1))
    assert torch.equal(one.B, again.B)
    assert not torch.equal(one.B, other.B)


def test_the_true_derivative_has_no_gradient_through_spikes() -> None:
    neuron, x = make("lib", "snnbench-tracetorch:sigmoid4x_round_ste"), drive()
    with derivative("true"):
        y, _ = neuron(x)
    assert y.any()
    assert not torch.autograd.grad(y.sum(), x)[0].any()


def test_the_slowest_trace_is_the_leak() -> None:
    assert make("dsrlib", pos_alpha=0.3, neg_alpha=0.97).leak_exponent() == pytest.approx(
        float(torch.tensor(0.97).double().log()), abs=1e-6
    )
    assert make("sliema", alpha=0.95).leak_exponent() == pytest.approx(
        float(torch.tensor(0.95).double().log()), abs=1e-6
    )
    assert make("lstm").leak_exponent() is None


Z = torch.linspace(-2, 2, 81, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("sigmoid4x", tt.functional.sigmoid4x),
        ("sigmoid4x_round_ste", lambda z: tt.functional.round_ste()(tt.functional.sigmoid4x(z))),
    ],
)
def test_a_surrogate_is_tracetorch_s(name: str, function: Callable[[Tensor], Tensor]) -> None:
    surrogate = make_surrogate(f"snnbench-tracetorch:{name}")
    assert surrogate.graded == (name == "sigmoid4x")
    assert torch.equal(surrogate.forward(Z), function(Z))
    expected = torch.autograd.grad(function(Z).sum(), Z)[0]
    torch.testing.assert_close(surrogate.derivative(Z.detach()), expected, rtol=1e-12, atol=0)
    assert isinstance(neuron_of(surrogate), nn.Module)


def neuron_of(surrogate: Any) -> Neuron:
    """A built-in neuron runs with it too."""
    neuron = make_neuron("lif", (WIDTH,), dtype=torch.float64)
    neuron.surrogate = surrogate
    assert neuron(drive())[0].isfinite().all()
    return neuron


MATRIX = """
datasets = ["digits"]
encoders = ["direct"]
networks = ["dense(hidden=[8])"]
neurons = ["snnbench-tracetorch:lib"]
surrogates = ["atan"]
seeds = 1
train = { epochs = 1, steps = 5 }
[measure]
throughput = false
memory = false
stability = false
"""


def test_a_board_of_it(tmp_path: Path) -> None:
    """Through the command."""
    (tmp_path / "m.toml").write_text(MATRIX)
    command = [sys.executable, "-m", "snnbench", "run", str(tmp_path / "m.toml"), "-o", str(tmp_path / "out")]
    subprocess.run(command, capture_output=True, check=True)
    rows = load_results(tmp_path / "out")
    assert rows["accuracy.test"].notna().all()
    assert list(rows["label.spike"]) == ["binary"]
