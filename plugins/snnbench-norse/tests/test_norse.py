"""Every component against norse 1.1.0 itself, used as its documentation says: exactly, in float64."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import norse.torch as norse
import pytest
import torch
from norse.torch.functional.lif_adex_refrac import LIFAdExRefracParameters
from torch import Tensor

from snnbench import LibrarySurrogate, Neuron, load_results, make_encoder, make_neuron, make_surrogate
from snnbench.components.surrogates.atan import ATan
from snnbench.core.surrogate import counting_spikes, derivative
from snnbench.errors import UsageError
from snnbench_norse.models import MODELS
from snnbench_norse.neuron_params import BEHAVIORS
from snnbench_norse.neuron_specs import NEURONS
from snnbench_norse.surrogate_specs import SURROGATES

STEPS, BATCH, WIDTH = 60, 3, 5
SURROGATE = {spec.name: spec for spec in SURROGATES}
METHODS = list(SURROGATE)


class CobaLIF:
    """Norse has a step for it and no cell."""

    def __call__(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        start = norse.CobaLIFFeedForwardState(
            torch.full_like(x, -20.0), torch.zeros_like(x), torch.zeros_like(x)
        )
        return norse.coba_lif_feed_forward_step(x, state or start)


BARE: dict[str, Callable[[], Any]] = {
    "lif_box": norse.LIFBoxCell,
    "lif": norse.LIFCell,
    "iaf": norse.IAFCell,
    "lif_ex": norse.LIFExCell,
    "lif_adex": norse.LIFAdExCell,
    "lif_refrac": norse.LIFRefracCell,
    "lif_adex_refrac": norse.LIFAdExRefracCell,
    "lsnn": norse.LSNNCell,
    "izhikevich": lambda: norse.IzhikevichCell(norse.tonic_spiking),
    "coba_lif": CobaLIF,
    "li": norse.LICell,
    "li_box": norse.LIBoxCell,
    "lif_recurrent": lambda: norse.LIFRecurrentCell(WIDTH, WIDTH),
    "lif_ex_recurrent": lambda: norse.LIFExRecurrentCell(WIDTH, WIDTH),
    "lif_adex_recurrent": lambda: norse.LIFAdExRecurrentCell(WIDTH, WIDTH),
    "lif_refrac_recurrent": lambda: norse.LIFRefracRecurrentCell(WIDTH, WIDTH),
    "lif_adex_refrac_recurrent": lambda: norse.LIFAdExRefracRecurrentCell(WIDTH, WIDTH),
    "lif_mc_recurrent": lambda: norse.LIFMCRecurrentCell(WIDTH, WIDTH),
    "lif_mc_refrac_recurrent": lambda: norse.LIFMCRefracRecurrentCell(WIDTH, WIDTH),
    "lsnn_recurrent": lambda: norse.LSNNRecurrentCell(WIDTH, WIDTH),
    "izhikevich_recurrent": lambda: norse.IzhikevichRecurrentCell(WIDTH, WIDTH, norse.tonic_spiking),
}
DRIVE = {"izhikevich": 40.0, "izhikevich_recurrent": 20.0, "lif_box": 6.0, "lsnn": 3.0, "coba_lif": 0.5}


def drive(name: str) -> Tensor:
    """Input on which the neuron spikes now and then, ``[T, B, N]``."""
    noise = torch.randn(STEPS, BATCH, WIDTH, generator=torch.Generator().manual_seed(11), dtype=torch.float64)
    return (DRIVE.get(name, 1.0) * (0.3 + noise)).requires_grad_()


def make(name: str, surrogate: str = "super", **params: Any) -> Neuron:
    spec = next(spec for spec in NEURONS if spec.name == name)
    method = SURROGATE[surrogate]
    given = None if spec.spike == "none" else method.load()(**method.resolve(()))
    made = spec.load()(
        (WIDTH,), given, torch.Generator().manual_seed(0), **spec.resolve(tuple(params.items()))
    )
    return made.double()  # type: ignore[no-any-return]


def flat(state: Any) -> list[Tensor]:
    parts = [flat(part) if isinstance(part, tuple) else [part] for part in state]
    return [tensor for part in parts for tensor in part]


def start(cell: Any, x_t: Tensor) -> Any:
    """Norse's own initial state, each part of it float64 and of full size: some are float32 scalars."""

    def full(state: Any) -> Any:
        parts = (
            full(part) if isinstance(part, tuple) else part.detach() + 0 * x_t.detach() for part in state
        )
        return type(state)(*parts)

    return full(cell.initial_state(x_t)) if hasattr(cell, "initial_state") else None


def run_bare(cell: Any, x: Tensor) -> list[Tensor]:
    """Outputs and states, step by step, from norse's own initial state."""
    state, rows = start(cell, x[0]), []
    for x_t in x:
        y_t, state = cell(x_t, state)
        rows.append((y_t, *flat(state)))
    return [torch.stack(column) for column in zip(*rows, strict=True)]


def run(neuron: Neuron, x: Tensor) -> list[Tensor]:
    state, rows = neuron.initial_state(x[0]), []
    for x_t in x:
        y_t, state = neuron.step(x_t, state)
        rows.append((y_t, *state))
    return [torch.stack(column) for column in zip(*rows, strict=True)]


def with_weights_of(neuron: Neuron, cell: Any) -> Any:
    for name, value in neuron.named_parameters():
        getattr(cell, name).data = value.data.clone()
    return cell


def gradients(rows: list[Tensor], wrt: list[Tensor]) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(3)
    loss = sum((y * torch.randn(y.shape, generator=generator, dtype=torch.float64)).sum() for y in rows)
    return torch.autograd.grad(loss, wrt)  # type: ignore[arg-type]


def assert_same(neuron: Neuron, cell: Any, x: Tensor) -> list[Tensor]:
    names = [name for name, _ in neuron.named_parameters()]
    ours, theirs = run(neuron, x), run_bare(cell, x)
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    found = gradients(ours, [x, *neuron.parameters()])
    expected = gradients(theirs, [x, *(getattr(cell, name) for name in names)])
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    assert bool(found[0].isfinite().all())
    return ours


def test_all_of_them_are_compared() -> None:
    assert {spec.name for spec in NEURONS} == set(BARE) == set(MODELS)


@pytest.mark.parametrize("name", BARE)
def test_a_neuron_is_norse_s(name: str) -> None:
    neuron, x = make(name), drive(name)
    ours = assert_same(neuron, with_weights_of(neuron, BARE[name]()), x)
    if not name.startswith("li_") and name != "li":
        assert 0.005 < float(ours[0].detach().mean()) < 0.9


@pytest.mark.parametrize("method", METHODS)
def test_it_spikes_by_the_method_that_the_surrogate_names(method: str) -> None:
    neuron, x = make("lif_box", method), drive("lif_box")
    parameters = norse.LIFBoxParameters(method=method)
    ours, theirs = run(neuron, x), run_bare(norse.LIFBoxCell(parameters), x)
    torch.testing.assert_close(gradients(ours, [x]), gradients(theirs, [x]), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("behavior", BEHAVIORS)
def test_izhikevich_has_every_behaviour(behavior: str) -> None:
    x = drive("izhikevich").detach()
    cell = norse.IzhikevichCell(getattr(norse, behavior))
    ours = run(make("izhikevich", behavior=behavior), x)
    assert all(torch.equal(a, b) for a, b in zip(ours, run_bare(cell, x), strict=True))


def test_parameters_reach_norse() -> None:
    given = {"tau_syn_inv": 300.0, "tau_mem_inv": 150.0, "v_leak": 0.1, "v_th": 0.7, "v_reset": -0.2}
    x = drive("lif")
    parameters = norse.LIFParameters(**{name: torch.as_tensor(value) for name, value in given.items()})
    assert_same(make("lif", dt=0.002, **given), norse.LIFCell(parameters, dt=0.002), x)
    refractory = norse.LIFAdExRefracCell(LIFAdExRefracParameters(rho_reset=torch.as_tensor(2.0)))
    assert_same(make("lif_adex_refrac", rho_reset=2.0), refractory, drive("lif_adex_refrac"))


def test_a_reset_may_subtract() -> None:
    from norse.torch.functional.reset import reset_subtract

    cell = norse.LIFBoxCell(norse.LIFBoxParameters(reset_method=reset_subtract))
    assert_same(make("lif_box", reset_method="subtract"), cell, drive("lif_box"))


def test_weights_come_from_the_generator_by_norse_s_distribution() -> None:
    name = "snnbench-norse:lif_recurrent"
    torch.manual_seed(1)
    one, again, other = (
        make_neuron(name, (400,), surrogate="snnbench-norse:super", seed=seed) for seed in (0, 0, 1)
    )
    weights, diagonal = one.input_weights, one.recurrent_weights.diagonal()
    assert torch.equal(weights, again.input_weights)
    assert not torch.equal(weights, other.input_weights)
    assert float(weights.detach().std()) == pytest.approx((2 / 400) ** 0.5, rel=0.01)
    assert not diagonal.any()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_learns_no_autapses_either(copied: Callable[[Neuron], Neuron]) -> None:
    frozen = make("lif_recurrent").requires_grad_(False)
    for neuron in (make("lif_recurrent"), copied(make("lif_recurrent")), copied(frozen).requires_grad_()):
        neuron(drive("lif_recurrent"))[0].sum().backward()
        gradient = neuron.recurrent_weights.grad
        assert gradient.any()
        assert not gradient.diagonal().any()
    assert not copied(frozen).recurrent_weights.requires_grad


@pytest.mark.parametrize("name", [name for name in BARE if name not in ("li", "li_box")])
def test_its_true_derivative_is_asked_for_and_has_no_gradient_through_spikes(name: str) -> None:
    neuron, x = make(name), drive(name)
    with derivative("true"), counting_spikes() as spikes:
        y, _ = neuron(x)
    assert spikes.count
    assert not y.requires_grad


def test_another_surrogate_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot take the surrogate ATan"):
        make_neuron("snnbench-norse:lif", (WIDTH,), surrogate="atan")


MATRIX = """
datasets = ["digits"]
encoders = ["direct"]
networks = ["dense(hidden=[8])"]
neurons = ["snnbench-norse:lif_box(tau_mem_inv=500)"]
surrogates = ["snnbench-norse:super", "atan"]
seeds = 1
train = { epochs = 1, steps = 5 }
[measure]
throughput = false
memory = false
stability = false
"""


def test_a_board_of_it(tmp_path: Path) -> None:
    """Through the command: what norse does not take is skipped, and the plan says why."""
    (tmp_path / "m.toml").write_text(MATRIX)
    command = [sys.executable, "-m", "snnbench", "run", str(tmp_path / "m.toml"), "-o", str(tmp_path / "out")]
    subprocess.run(command, capture_output=True, check=True)
    rows = load_results(tmp_path / "out")
    done, skipped = (rows[rows["status"] == status] for status in ("done", "skipped"))
    assert list(done["surrogate"]) == ["super"]
    assert done["accuracy.test"].notna().all()
    assert "takes only the surrogates of snnbench-norse: super, heaviside" in skipped["reason"].item()


Z = torch.linspace(-2, 2, 81, dtype=torch.float64)


@pytest.mark.parametrize(
    ("method", "closed"),
    [
        ("heaviside", torch.zeros_like),
        ("super", lambda z: 1 / (1 + z.abs()) ** 2),
        ("triangle", lambda z: 0.7 * (1 - z.abs()).clamp(min=0)),
        ("tanh", lambda z: 1 / (0.7 * z).cosh() ** 2),
        ("circ", lambda z: 0.7**3 / (0.7**2 + z**2) ** 1.5),
        ("heavi_erfc", lambda z: 2 / torch.pi**0.5 * (-((0.7 * z) ** 2)).exp()),
    ],
)
def test_a_surrogate_s_derivative_is_its_equation(method: str, closed: Callable[[Tensor], Tensor]) -> None:
    takes_alpha = "alpha" in next(spec for spec in SURROGATES if spec.name == method).params
    surrogate = make_surrogate(f"snnbench-norse:{method}" + ("(alpha=0.7)" if takes_alpha else ""))
    assert isinstance(surrogate, LibrarySurrogate)
    torch.testing.assert_close(surrogate.derivative(Z), closed(Z), rtol=1e-6, atol=1e-12)
    assert torch.equal(surrogate.forward(Z), (Z > 0).double())


def test_a_surrogate_of_norse_runs_our_neurons() -> None:
    neuron = make_neuron("lif(beta=0.9)", (WIDTH,), surrogate="snnbench-norse:super")
    x = drive("lif")
    ours = make_neuron("lif(beta=0.9)", (WIDTH,), surrogate="fast_sigmoid(slope=1)")
    found, expected = (gradients([one(x)[0]], [x])[0] for one in (neuron, ours))
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    assert not isinstance(ours.surrogate, LibrarySurrogate | ATan)


IMAGES = torch.rand(4, 3, 3, generator=torch.Generator().manual_seed(5))


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(7)


@pytest.mark.parametrize(
    ("encoder", "bare"),
    [
        ("poisson", lambda x: norse.poisson_encode(x, 9, generator=seeded())),
        ("poisson(f_max=800)", lambda x: norse.poisson_encode(x, 9, f_max=800, generator=seeded())),
        ("signed_poisson(f_max=500)", lambda x: norse.signed_poisson_encode(x, 9, 500, generator=seeded())),
        (
            "population_poisson(out_features=4, f_max=900)",
            lambda x: norse.poisson_encode(norse.population_encode(x, 4, 1.0), 9, 900, generator=seeded()),
        ),
        ("constant_current_lif(v_th=0.2)", lambda x: constant(x, 0.2)),
        ("spike_latency_lif(v_th=0.2)", lambda x: norse.spike_latency_encode(constant(x, 0.2))),
    ],
)
def test_an_encoder_is_norse_s(encoder: str, bare: Callable[[Tensor], Tensor]) -> None:
    encoded = make_encoder(f"snnbench-norse:{encoder}", steps=9, seed=7)(IMAGES)
    assert torch.equal(encoded, bare(IMAGES))
    assert encoded.any()


def constant(x: Tensor, threshold: float) -> Tensor:
    parameters = norse.LIFParameters(v_th=torch.as_tensor(threshold))
    return norse.constant_current_lif_encode(x, 9, parameters)  # type: ignore[no-any-return]


@pytest.mark.parametrize("encoder", ["poisson", "signed_poisson", "population_poisson"])
def test_a_value_out_of_range_is_refused(encoder: str) -> None:
    with pytest.raises(UsageError, match=r"takes intensities in \["):
        make_encoder(f"snnbench-norse:{encoder}")(IMAGES + 1)
    with pytest.raises(UsageError, match="no probability"):
        make_encoder(f"snnbench-norse:{encoder}(f_max=2000)")
