"""Every component against sinabs 3.1.3 itself, used as its documentation says, in float64."""

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
from sinabs import activation, layers
from torch import Tensor, nn

from snnbench import Cell, Neuron, load_results, make_encoder, make_neuron, make_surrogate
from snnbench.components.surrogates.atan import ATan
from snnbench.core import eager
from snnbench.core.surrogate import counting_spikes, derivative
from snnbench.errors import UsageError
from snnbench.plugin.host import Host
from snnbench.records import Component
from snnbench.settings import Budget
from snnbench_sinabs.neuron_specs import NEURONS
from snnbench_sinabs.surrogates import SinabsSurrogate

STEPS, BATCH, WIDTH = 60, 3, 5
FLOAT32 = 5e-6  # sinabs casts its spikes, and so the gradients that pass them
SPIKING = [spec.name for spec in NEURONS if spec.spike != "none"]


def drive(scale: float = 2.0) -> Tensor:
    """Input on which they spike now and then, ``[T, B, N]``."""
    noise = torch.randn(STEPS, BATCH, WIDTH, generator=torch.Generator().manual_seed(11), dtype=torch.float64)
    return (scale * (0.3 + noise)).requires_grad_()


def make(name: str, surrogate: str = "atan", **params: Any) -> Neuron:
    spec = next(spec for spec in NEURONS if spec.name == name)
    given = None if spec.spike == "none" else surrogate_of(surrogate)
    made = spec.load()(
        (WIDTH,), given, torch.Generator().manual_seed(0), **spec.resolve(tuple(params.items()))
    )
    return made.double()  # type: ignore[no-any-return]


surrogate_of = cache(make_surrogate)


def surrogate_grad(v_mem: Tensor, threshold: Tensor) -> Tensor:
    return ATan().derivative(v_mem - threshold)


class Connect(nn.Linear):
    """A recurrent layer as a user of sinabs would hand it over in float64."""

    def forward(self, spikes: Tensor) -> Tensor:
        return super().forward(spikes.double())


def bare(name: str, neuron: Neuron, **arguments: Any) -> Any:
    """Sinabs's layer of that name, in float64, with the weights of ``neuron``."""
    kind = name.removesuffix("_syn")
    if name.endswith("_syn"):
        arguments["tau_syn"] = 10.0
    if not kind.startswith("iaf"):
        arguments = {"tau_mem": 20.0, **arguments}
    if kind.startswith("alif"):
        arguments["tau_adapt"] = 20.0
    if name != "exp_leak":
        arguments.setdefault("surrogate_grad_fn", surrogate_grad)
    if "recurrent" in name:
        connect = Connect(WIDTH, WIDTH).double()
        connect.load_state_dict(neuron.rec_connect.state_dict())
        arguments["rec_connect"] = connect
    classes = {"lif": "LIF", "iaf": "IAF", "alif": "ALIF", "exp_leak": "ExpLeak"}
    base = classes[kind.removesuffix("_recurrent")]
    layer = getattr(layers, base + ("Recurrent" if "recurrent" in name else ""))(**arguments)
    layer.init_state_with_shape((BATCH, WIDTH))
    return layer.double()  # with its state: it would start in float32


def run_bare(layer: Any, x: Tensor) -> list[Tensor]:
    """Spikes of a layer, whose time is the second axis, and the state after each step.

    One step a call, as what it records is not its state: it writes the next step's into it. A recurrent
    layer forgets its recurrent input between calls, and ALIF its synapse: all at once, and what it keeps.
    """
    if hasattr(layer, "rec_connect") or (
        isinstance(layer, layers.ALIF) and layer.alpha_syn_calculated is not None
    ):
        return [layer(x.movedim(0, 1)).movedim(1, 0), *kept(layer)]
    rows = [(layer(x_t.unsqueeze(1)).squeeze(1), *kept(layer)) for x_t in x]
    return [torch.stack(column) for column in zip(*rows, strict=True)]


def kept(layer: Any) -> list[Tensor]:
    """Its state; what ALIF holds as its threshold follows from b."""
    names = ["v_mem"] if isinstance(layer, layers.ALIF) or layer.i_syn is None else ["v_mem", "i_syn"]
    return [getattr(layer, name) for name in [*names, *["b"] * isinstance(layer, layers.ALIF)]]


def run(neuron: Neuron, x: Tensor, *, every: bool) -> list[Tensor]:
    """Outputs, and the state after every step or after the last, without what sinabs does not keep."""
    state, rows = neuron.initial_state(x[0]), []
    kept_by_it = [
        name != "rec_out" and not ("b" in neuron.states and name == "i_syn") for name in neuron.states
    ]
    for x_t in x:
        y_t, state = neuron.step(x_t, state)
        rows.append((y_t, *(part for part, is_kept in zip(state, kept_by_it, strict=True) if is_kept)))
    outputs, *states = (torch.stack(column) for column in zip(*rows, strict=True))
    return [outputs, *states] if every else [outputs, *(part[-1] for part in states)]


def gradients(rows: list[Tensor], wrt: list[Tensor]) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(3)
    loss = sum((y * torch.randn(y.shape, generator=generator, dtype=torch.float64)).sum() for y in rows)
    return torch.autograd.grad(loss, wrt)  # type: ignore[arg-type]


def trained(module: nn.Module) -> dict[str, Tensor]:
    found = {name: value for name, value in module.named_parameters() if value.requires_grad}
    return {name.removeprefix("layer."): value for name, value in found.items()}


def assert_same(neuron: Neuron, layer: Any, x: Tensor) -> list[Tensor]:
    theirs = run_bare(layer, x)
    ours = run(neuron, x, every=theirs[1].shape == x.shape)
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    mine, other = trained(neuron), trained(layer)
    assert mine.keys() == other.keys()
    found = gradients(ours, [x, *mine.values()])
    expected = gradients(theirs, [x, *(other[name] for name in mine)])
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=FLOAT32, atol=FLOAT32)
    return ours


@pytest.mark.parametrize("name", [spec.name for spec in NEURONS])
def test_a_neuron_is_sinabs_s(name: str) -> None:
    """At sinabs's defaults: several spikes a step, subtracting."""
    neuron = make(name, norm_input=False) if name.startswith(("lif", "alif")) else make(name)
    layer = bare(name, neuron, **({} if "iaf" in name else {"norm_input": False}))
    ours = assert_same(neuron, layer, drive(0.3 if name.startswith("iaf") else 1.0))
    if name != "exp_leak":
        assert 0.01 < float((ours[0] > 0).double().mean()) < 0.9


@pytest.mark.parametrize("name", SPIKING)
def test_its_own_way_through_time_is_the_step_loop(name: str) -> None:
    neuron, x = make(name), drive(0.3 if name.startswith("iaf") else 8.0)
    fast, after = neuron(x)
    slow, state = eager.run(neuron.step, x, neuron.initial_state(x[0]))
    assert fast.any()
    assert torch.equal(fast, slow)
    assert all(torch.equal(a, b) for a, b in zip(after, state, strict=True))
    wrt = [x, *trained(neuron).values()]
    for a, b in zip(gradients([fast], wrt), gradients([slow], wrt), strict=True):
        torch.testing.assert_close(a, b, rtol=FLOAT32, atol=FLOAT32)
    halves = neuron(x[30:], neuron(x[:30])[1])[0]
    assert torch.equal(halves, fast[30:])


@pytest.mark.parametrize("reset", ["MembraneSubtract", "MembraneReset"])
@pytest.mark.parametrize("spike", ["MultiSpike", "SingleSpike", "MaxSpike"])
@pytest.mark.parametrize("name", ["lif", "alif_recurrent_syn"])
def test_the_choices_are_sinabs_s(name: str, spike: str, reset: str) -> None:
    spike_fn = activation.MaxSpike(2) if spike == "MaxSpike" else getattr(activation, spike)
    options = {"spike_fn": spike_fn, "reset_fn": getattr(activation, reset)(), "min_v_mem": -0.5}
    text = {"spike_fn": spike, "max_num_spikes_per_bin": 2, "reset_fn": reset, "min_v_mem": -0.5}
    neuron = make(name, **text)
    theirs = bare(name, neuron, **options)
    spikes, membrane, *_ = (part.detach() for part in assert_same(neuron, theirs, drive(80.0)))
    most = float(spikes.max())
    assert most > 2 if spike == "MultiSpike" else most == {"SingleSpike": 1, "MaxSpike": 2}[spike]
    assert float(membrane.min()) == -0.5


def test_decays_may_be_trained_in_place_of_time_constants() -> None:
    neuron = make("alif_syn", train_alphas=True)
    assert set(trained(neuron)) == {"alpha_mem", "alpha_adapt", "alpha_syn"}
    assert_same(neuron, bare("alif_syn", neuron, train_alphas=True), drive(20.0))
    assert not trained(make("alif_syn", learn_taus=False))
    assert set(trained(make("lif_syn"))) == {"tau_mem", "tau_syn"}
    assert not trained(make("iaf"))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_is_the_same(copied: Callable[[Neuron], Neuron]) -> None:
    """Sinabs's own copy of an ALIF normalises its input again."""
    neuron, x = make("alif_recurrent", norm_input=False).requires_grad_(False), drive().detach()
    assert torch.equal(copied(neuron)(x)[0], neuron(x)[0])
    assert not trained(copied(neuron))
    theirs = bare("alif", neuron, norm_input=False)
    assert copy.deepcopy(theirs).norm_input


def test_it_fires_at_the_threshold_several_times() -> None:
    x = torch.tensor([2.0, 0.5, 0.5], dtype=torch.float64).reshape(3, 1, 1)
    neuron = make_neuron("snnbench-sinabs:iaf", (1,), dtype=torch.float64)
    assert neuron(x)[0].flatten().tolist() == [2, 0, 1]


@pytest.mark.parametrize("name", SPIKING)
def test_its_true_derivative_has_no_gradient_through_spikes(name: str) -> None:
    neuron, x = make(name), drive(8.0)
    with derivative("true"), counting_spikes() as spikes:
        y, _ = neuron(x)
    assert spikes.count
    assert y.any()
    assert not torch.autograd.grad(y.sum(), x)[0].any()


def test_weights_come_from_the_generator() -> None:
    torch.manual_seed(1)
    one, again, other = (make_neuron("snnbench-sinabs:lif_recurrent", (9,), seed=seed) for seed in (0, 0, 1))
    assert torch.equal(one.rec_connect.weight, again.rec_connect.weight)
    assert not torch.equal(one.rec_connect.weight, other.rec_connect.weight)


def test_a_graded_surrogate_is_refused() -> None:
    with pytest.raises(UsageError, match="not graded"):
        make("lif", "graded_sigmoid")
    any_ = Component("any")
    for neuron, surrogate, refused in [
        ("snnbench-sinabs:lif", "graded_sigmoid", True),
        ("snnbench-sinabs:lif", "atan", False),
        ("iaf_syn", "graded_sigmoid", True),
        ("lif", "graded_sigmoid", False),
        ("other:iaf_syn", "graded_sigmoid", False),
        ("exp_leak", None, False),
    ]:
        made = surrogate and Component(surrogate)
        cell = Cell(any_, any_, any_, Component(neuron), made or None, Budget(), 0)
        assert (Host.load().skip_reason(cell) is not None) == refused


Z = torch.linspace(-2, 2, 81, dtype=torch.float64)


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("heaviside(window=0.3)", activation.Heaviside(0.3)),
        ("gaussian(mu=0.1, sigma=0.4, grad_scale=2)", activation.Gaussian(0.1, 0.4, 2.0)),
        ("multi_gaussian(h=0.2)", activation.MultiGaussian(h=0.2)),
        ("single_exponential(grad_width=0.7)", activation.SingleExponential(0.7)),
        ("periodic_exponential(grad_scale=3)", activation.PeriodicExponential(grad_scale=3.0)),
    ],
)
def test_a_surrogate_is_sinabs_s(text: str, function: Callable[..., Tensor]) -> None:
    surrogate = make_surrogate(f"snnbench-sinabs:{text}")
    assert isinstance(surrogate, SinabsSurrogate)
    assert torch.equal(surrogate.derivative(Z), function(Z + 1, 1.0).double())
    neuron, x = make("lif", f"snnbench-sinabs:{text}", spike_threshold=0.8), drive(20.0)
    layer = bare("lif", neuron, surrogate_grad_fn=function, spike_threshold=torch.tensor(0.8))
    torch.testing.assert_close(
        gradients([neuron(x)[0]], [x]), gradients(run_bare(layer, x)[:1], [x]), rtol=1e-5, atol=1e-6
    )


def test_the_encoder_is_sinabs_s() -> None:
    x = torch.rand(4, 3, 3, generator=torch.Generator().manual_seed(5))
    text = "img2_spike(max_rate=700, norm=1, negative_spikes=true)"
    encoded = make_encoder(f"snnbench-sinabs:{text}", steps=200, seed=7)(x - 0.5)
    assert torch.equal(encoded, make_encoder(f"snnbench-sinabs:{text}", steps=200, seed=7)(x - 0.5))
    assert set(encoded.unique().tolist()) == {-1, 0, 1}
    torch.testing.assert_close(encoded.mean(0), 0.7 * (x - 0.5), rtol=0, atol=0.12)
    cpu = torch.Generator().manual_seed(drawn(torch.Generator().manual_seed(7)))
    with torch.random.fork_rng([]):
        torch.manual_seed(drawn(cpu))
        expected = layers.Img2SpikeLayer(None, 200, 700, 1.0, negative_spikes=True)(x - 0.5)
    assert torch.equal(encoded, expected)
    with pytest.raises(UsageError, match=r"takes intensities in \[0, 1\]"):
        make_encoder("snnbench-sinabs:img2_spike(norm=1)")(x + 1)


def drawn(generator: torch.Generator) -> int:
    return int(torch.randint(2**62, (), generator=generator))


MATRIX = """
datasets = ["digits"]
encoders = ["direct"]
networks = ["dense(hidden=[8])"]
neurons = ["snnbench-sinabs:lif(tau_mem=5)"]
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
    assert list(rows["label.spike"]) == ["multi"]
