"""Neurons against loops written here from the equations; tests/testing has what all must do."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from snnbench.components import neurons as listing
from snnbench.components.neurons.lif import LIF
from snnbench.components.neurons.rlif import RLIF
from snnbench.components.neurons.synaptic import Synaptic
from snnbench.components.surrogates.atan import ATan
from snnbench.core.neuron import Neuron
from snnbench.core.surrogate import derivative
from snnbench.errors import UsageError
from snnbench.lyapunov import spectrum

Array = NDArray[np.float64]
STEPS, BATCH, WIDTH = 200, 3, 4


def make(name: str, **params: object) -> Neuron:
    spec = next(spec for spec in listing.SPECS if spec.name == name)
    surrogate = None if spec.spike == "none" else ATan()
    neuron = spec.load()((WIDTH,), surrogate, torch.Generator().manual_seed(1), **params)
    assert isinstance(neuron, Neuron)
    return neuron


def drive(steps: int = STEPS, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(7)
    return torch.randn(steps, BATCH, WIDTH, generator=generator, dtype=torch.float64).to(dtype) * 0.7


def step(z: Array) -> Array:
    return (z > 0).astype(float)


def lif_loop(x: Array, beta: float, reset: str, delay: bool) -> Array:
    u, s, out = np.zeros_like(x[0]), np.zeros_like(x[0]), []
    for x_t in x:
        if delay:
            u = beta * (1 - s) * u + x_t if reset == "zero" else beta * u + x_t - (reset == "subtract") * s
            s = step(u - 1)
        else:
            u = beta * u + x_t
            s = step(u - 1)
            u = u * (1 - s) if reset == "zero" else u - (reset == "subtract") * s
        out.append(s)
    return np.stack(out)


@pytest.mark.parametrize("delay", [True, False])
@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
def test_lif_is_its_equation(reset: str, delay: bool) -> None:
    x = drive()
    spikes, _ = make("lif", beta=0.9, reset=reset, reset_delay=delay)(x)
    expected = lif_loop(x.numpy(), 0.9, reset, delay)
    assert 0.01 < expected.mean() < 0.9
    np.testing.assert_array_equal(spikes.numpy(), expected)


@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
def test_synaptic_is_its_equation(reset: str) -> None:
    x = drive() * 0.3
    i, u, out = np.zeros(x.shape[1:]), np.zeros(x.shape[1:]), []
    for x_t in x.numpy():
        r = step(u - 1)
        i = 0.8 * i + x_t
        u = (1 - r) * (0.9 * u + i) if reset == "zero" else 0.9 * u + i - (reset == "subtract") * r
        out.append(step(u - 1))
    spikes, (current, membrane) = make("synaptic", alpha=0.8, beta=0.9, reset=reset)(x)
    assert 0.01 < np.mean(out) < 0.9
    np.testing.assert_array_equal(spikes.numpy(), np.stack(out))
    np.testing.assert_allclose(current.numpy(), i, atol=1e-10)
    np.testing.assert_allclose(membrane.numpy(), u, atol=1e-10)


def test_rlif_is_its_equation() -> None:
    x = drive()
    neuron = make("rlif", beta=0.9, rec_strength=1.5).double()
    assert isinstance(neuron, RLIF)
    weight = neuron.weight.detach().numpy()
    u, s, out = np.zeros(x.shape[1:]), np.zeros(x.shape[1:]), []
    for x_t in x.numpy():
        u = 0.9 * u + x_t + 1.5 * s @ weight.T - s
        s = step(u - 1)
        out.append(s)
    np.testing.assert_array_equal(neuron(x)[0].detach().numpy(), np.stack(out))


def test_lif_gradient_is_the_hand_derived_one() -> None:
    """dL/dx for one neuron and two steps, by the chain rule on paper, reset attached and detached."""
    x = torch.tensor([[[0.8]], [[0.9]]], dtype=torch.float64, requires_grad=True)
    d = ATan().derivative
    u0, u1 = 0.8, 0.9 * 0.8 + 0.9
    for detach in (False, True):
        neuron = LIF((1,), ATan(), torch.Generator(), beta=0.9, detach_reset=detach)
        (gradient,) = torch.autograd.grad(neuron(x)[0].sum(), x)
        d0, d1 = (float(d(torch.tensor(u - 1, dtype=torch.float64))) for u in (u0, u1))
        through = 0.9 if detach else 0.9 - d0
        np.testing.assert_allclose(gradient.flatten().numpy(), [d0 + d1 * through, d1], rtol=1e-12)


@pytest.mark.parametrize("per_neuron", [False, True])
def test_learned_values_get_gradients_and_start_where_told(per_neuron: bool) -> None:
    neuron = make("lif", beta=0.9, learn_beta=True, learn_threshold=True, per_neuron=per_neuron).double()
    plain = make("lif", beta=float(torch.tensor(0.9)))
    x = drive(50)
    assert torch.equal(neuron(x)[0], plain(x)[0])
    neuron(x)[0].sum().backward()
    shapes = {name: tuple(value.shape) for name, value in neuron.named_parameters()}
    assert shapes == dict.fromkeys(("beta", "threshold"), (WIDTH,) if per_neuron else ())
    assert all(p.grad is not None and bool((p.grad != 0).all()) for p in neuron.parameters())


def test_a_learned_decay_beyond_its_bound_counts_as_the_bound() -> None:
    neuron = make("synaptic", learn_alpha=True, learn_beta=True)
    assert isinstance(neuron, Synaptic)
    for value in (neuron.alpha, neuron.beta):
        assert isinstance(value, torch.nn.Parameter)
        value.data.fill_(1.5)
    held = make("synaptic", alpha=1.0, beta=1.0)
    x = drive(20)
    assert torch.equal(neuron(x)[0], held(x)[0])


@pytest.mark.parametrize(("name", "decay"), [("lif", "beta"), ("synaptic", "alpha"), ("synaptic", "beta")])
@pytest.mark.parametrize("per_neuron", [False, True])
def test_a_decay_learns_on_its_whole_range_and_returns_from_beyond(
    name: str, decay: str, per_neuron: bool
) -> None:
    """At 0 and at 1 as just inside, and beyond them as at them: what overstepped must be able to return."""
    x = drive(30)

    def slope(value: float) -> torch.Tensor:
        neuron = make(name, **{decay: 0.5, f"learn_{decay}": True, "per_neuron": per_neuron}).double()
        parameter = neuron.get_parameter(decay)
        parameter.data.fill_(value)
        (found,) = torch.autograd.grad(neuron(x)[1][-1].square().sum(), [parameter])
        return found

    for edge, outward in ((0.0, -1), (1.0, 1)):
        torch.testing.assert_close(slope(edge), slope(edge - outward * 1e-9), rtol=1e-5, atol=1e-5)
        assert slope(edge).abs().min() > 1e-3
        assert torch.equal(slope(edge + outward * 0.3), slope(edge))


BOUNDED = [
    ("lif", "beta", 0.999, 1.0),
    ("lif", "beta", 0.001, 0.0),
    ("lif", "threshold", 0.01, 1e-6),
    ("if", "threshold", 0.01, 1e-6),
    ("synaptic", "alpha", 0.999, 1.0),
    ("synaptic", "beta", 0.999, 1.0),
    ("synaptic", "threshold", 0.01, 1e-6),
    ("adlif", "alpha", 0.96, 0.9607894391523232),
    ("adlif", "b", 0.01, 0.0),
]


@pytest.mark.parametrize("projected", [False, True])
@pytest.mark.parametrize(("name", "value", "start", "bound"), BOUNDED)
def test_what_is_pushed_past_its_bound_stays_there_and_comes_back(
    name: str, value: str, start: float, bound: float, projected: bool
) -> None:
    """Adam pushes 5 steps outward and 30 inward, with the projection of our training and without."""
    params: dict[str, object] = {} if name == "adlif" else {value: start, f"learn_{value}": True}
    neuron = make(name, **params)
    parameter = neuron.get_parameter(value)
    parameter.data.fill_(start)
    low, high = neuron.bounds[value]
    adam = torch.optim.Adam([parameter], lr=1e-2)
    strength = 2.0 if name == "adlif" else 0.2
    x = strength * torch.rand(20, 8, WIDTH, generator=torch.Generator().manual_seed(1))
    outward, used = (1 if bound == high else -1), []
    for sign in [outward] * 5 + [-outward] * 30:
        adam.zero_grad()
        state = neuron(x)[1]
        u = state[neuron.states.index("membrane")]
        slope = torch.autograd.grad(u.square().sum() + neuron(x)[0].sum(), parameter)[0]
        assert slope.abs().max() > 0, "it learns wherever it is"
        parameter.grad = -sign * torch.ones_like(parameter)
        adam.step()
        if projected:
            neuron.project()
            assert bool(((parameter >= low) & (parameter <= high)).all())
        used.append(float(parameter.detach().clamp(low, high).mean()))
    assert used[4] == pytest.approx(bound, abs=1e-6), "the case must reach its bound"
    assert abs(used[-1] - bound) > 0.04


@pytest.mark.parametrize("name", ["lif", "if", "synaptic"])
def test_a_learned_threshold_is_never_0_or_below(name: str) -> None:
    neuron, x = make(name, learn_threshold=True), torch.zeros(20, 2, WIDTH)
    neuron.get_parameter("threshold").data.fill_(-100.0)
    assert not neuron(x)[0].any(), "a neuron without input fires"
    neuron.project()
    assert float(neuron.get_parameter("threshold").detach()) > 0


def test_whole_numbers_are_numbers() -> None:
    for delay in (False, True):
        given = make("lif", beta=1, threshold=2, reset_delay=delay)
        assert torch.equal(
            given(drive(20))[0], make("lif", beta=1.0, threshold=2.0, reset_delay=delay)(drive(20))[0]
        )
    make("lif", beta=1, learn_beta=True)(drive(3, torch.float32))


def test_leak_exponent() -> None:
    assert make("lif", beta=0.9).leak_exponent() == pytest.approx(math.log(0.9))
    assert make("lif", beta=0.0).leak_exponent() == -math.inf
    assert make("lif", reset="zero").leak_exponent() is None
    assert make("synaptic", alpha=0.8, beta=0.7).leak_exponent() == pytest.approx(math.log(0.8))
    assert make("relu").leak_exponent() is None
    assert make("if").leak_exponent() == 0
    assert make("plif", beta=0.8).leak_exponent() == pytest.approx(math.log(0.8))
    assert make("lapicque", resistance=2.0, capacitance=5.0).leak_exponent() == pytest.approx(math.log(0.9))
    assert make("alif", beta=0.7, rho=0.9).leak_exponent() == pytest.approx(math.log(0.9))
    assert make("alpha").leak_exponent() is None, "its default resets to zero"
    assert make("alpha", reset="none").leak_exponent() == pytest.approx(math.log(0.9))
    pair = make("adlif", a=(0.5, 0.5), alpha=(0.9, 0.9), beta_w=(0.98, 0.98))
    assert pair.leak_exponent() == pytest.approx(math.log(0.9 * 0.98) / 2), "half of ln det"
    for name in ("qif", "eif", "izhikevich", "gru", "lstm"):
        assert make(name).leak_exponent() is None


def test_if_is_lif_without_leak_and_plif_is_lif() -> None:
    x = drive() * 0.3
    assert torch.equal(make("if", reset="zero")(x)[0], make("lif", beta=1.0, reset="zero")(x)[0])
    plif = make("plif", beta=0.8, reset_delay=False).double()
    held = make("lif", beta=float(plif.get_parameter("a").detach().sigmoid()), reset_delay=False)
    assert torch.equal(plif(x)[0], held(x)[0])
    plif(x)[0].sum().backward()
    assert [(name, value.shape, bool(value.grad)) for name, value in plif.named_parameters()] == [
        ("a", (), True)
    ]


@pytest.mark.parametrize("reset", ["zero", "subtract", "none"])
def test_alpha_is_its_equation(reset: str) -> None:
    x = drive() + 0.3
    scale = math.log(0.7) / (math.log(0.7) - math.log(0.85))
    e, i, s, out = (np.zeros(x.shape[1:]),) * 3 + ([],)
    for x_t in x.numpy():
        e, i = 0.85 * e + x_t, 0.7 * i - x_t
        if reset == "zero":
            e, i = e * (1 - s), i * (1 - s)
        if reset == "subtract":
            e = e - s / scale
        s = step(scale * (e + i) - 1)
        out.append(s)
    spikes, state = make("alpha", alpha=0.85, beta=0.7, reset=reset)(x)
    assert 0.01 < np.mean(out) < 0.9
    np.testing.assert_array_equal(spikes.numpy(), np.stack(out))
    np.testing.assert_allclose(np.stack(state), [e, i], atol=1e-10)


def test_the_impulse_response_of_alpha_peaks_at_alpha_to_the_peak_time() -> None:
    """u(t) = c·(α^t − β^t) is largest at t = ln(ln β/ln α)/ln(α/β), and there equals α^t."""
    alpha, beta = 0.9999, 0.9997  # slow, so that the grid of steps hits the peak closely
    neuron = make("alpha", alpha=alpha, beta=beta, threshold=10.0)
    x = torch.zeros(8000, 1, WIDTH, dtype=torch.float64)
    x[0] = 1
    state, u = neuron.initial_state(x[0]), []
    for x_t in x:
        _, state = neuron.step(x_t, state)
        u.append(float(neuron.scale * (state[0] + state[1])[0, 0]))  # type: ignore[operator]
    peak = math.log(math.log(beta) / math.log(alpha)) / math.log(alpha / beta)
    assert np.argmax(u) == pytest.approx(peak, abs=1)
    assert max(u) == pytest.approx(alpha**peak, rel=1e-6)


def test_lapicque_relaxes_to_resistance_times_current_with_its_time_constant() -> None:
    neuron = make("lapicque", resistance=3.0, capacitance=100.0, dt=0.1, threshold=10.0)
    x = torch.full((3000, 1, WIDTH), 2.0, dtype=torch.float64)
    _, (membrane,) = neuron(x)
    expected = 3 * 2 * (1 - math.exp(-1))  # 3,000 steps of 0.1 ms are one RC
    np.testing.assert_allclose(membrane.numpy(), expected, rtol=0.1 / 300)


def test_alif_is_its_equation() -> None:
    x = drive()
    u, b, s, out = (np.zeros(x.shape[1:]),) * 3 + ([],)
    for x_t in x.numpy():
        b = 0.9 * b + s
        threshold = 0.2 + 0.15 * b
        u = 0.8 * u + 0.2 * x_t - threshold * s
        s = step(u - threshold)
        out.append(s)
    spikes, state = make("alif", beta=0.8, rho=0.9, threshold=0.2, kappa=0.15)(x)
    assert 0.01 < np.mean(out) < 0.9
    np.testing.assert_array_equal(spikes.numpy(), np.stack(out))
    np.testing.assert_allclose(np.stack(state), [u, b], atol=1e-10)


@pytest.mark.parametrize("recurrent", [False, True])
def test_adlif_is_its_equation(recurrent: bool) -> None:
    x = drive() * 5
    neuron = make("adlif", a=(-0.02, 1.0), recurrent=recurrent).double()
    alpha, beta_w, a, b = (neuron.get_parameter(n).detach().numpy() for n in ("alpha", "beta_w", "a", "b"))
    matrix = neuron.get_parameter("weight").detach().numpy() if recurrent else np.zeros((WIDTH, WIDTH))
    if recurrent:
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(WIDTH), atol=1e-6)
        matrix = matrix - np.diag(np.diag(matrix))
    u, w, s, out = (np.zeros(x.shape[1:]),) * 3 + ([],)
    for x_t in x.numpy():
        w = beta_w * w + a * u + b * s
        u = alpha * (u - s) + (1 - alpha) * (x_t + s @ matrix.T - w)
        s = step(u - 1)
        out.append(s)
    spikes, state = neuron(x)
    assert 0.01 < np.mean(out) < 0.9
    np.testing.assert_array_equal(spikes.detach().numpy(), np.stack(out))
    np.testing.assert_allclose(torch.stack(state).detach().numpy(), [u, w], atol=1e-9)


def test_adlif_draws_its_parameters_from_their_ranges_and_clips_them() -> None:
    spec = next(spec for spec in listing.SPECS if spec.name == "adlif")
    neuron = spec.load()((4000,), ATan(), torch.Generator().manual_seed(1))
    for name, (low, high) in neuron.ranges.items():
        value = neuron.get_parameter(name).detach()
        middle, error = (low + high) / 2, (high - low) / math.sqrt(12 * 4000)
        assert low <= float(value.min())
        assert float(value.max()) <= high
        assert float(value.mean()) == pytest.approx(middle, abs=5 * error)
    beyond, edge = make("adlif", a=(0.0, 1.0)), make("adlif", a=(1.0, 1.0))
    beyond.load_state_dict(edge.state_dict() | {"a": torch.full((WIDTH,), 7.0)})
    assert torch.equal(beyond(drive(20, torch.float32))[0], edge(drive(20, torch.float32))[0])


@pytest.mark.parametrize("name", ["qif", "eif"])
def test_nonlinear_integrators_are_their_equations(name: str) -> None:
    x = drive() * 2 + 0.6

    def flow(u: Array) -> Array:
        return u * (u - 0.8) if name == "qif" else -u + 0.2 * np.exp((u - 0.8) / 0.2)

    top, bottom = (1.0, -0.1) if name == "qif" else (1.5, 0.0)
    u, out = np.zeros(x.shape[1:]), []
    for x_t in x.numpy():
        u = u + 0.2 * (flow(u) + x_t)
        s = step(u - top)
        u = np.where(s > 0, bottom, u)
        out.append(s)
    spikes, (membrane,) = make(name)(x)
    assert 0.02 < np.mean(out) < 0.9
    np.testing.assert_array_equal(spikes.numpy(), np.stack(out))
    np.testing.assert_allclose(membrane.numpy(), u, atol=1e-10)


@pytest.mark.parametrize(("name", "rheobase"), [("qif", 0.16), ("eif", 0.6)])
def test_a_steady_input_fires_above_the_rheobase_only(name: str, rheobase: float) -> None:
    """Where the right-hand side has no zero: minus its least value over u."""
    x = torch.full((2000, 1, WIDTH), rheobase, dtype=torch.float64)
    assert float(make(name)(0.98 * x)[0].sum()) == 0
    assert float(make(name)(1.02 * x)[0].sum()) > 0


def test_izhikevich_fires_as_the_regular_spiking_cell_of_the_paper() -> None:
    """Against the equations integrated by scipy to 1e-8, from spike to spike."""
    from scipy.integrate import solve_ivp

    def flow(t: float, y: Array) -> list[float]:
        return [0.04 * y[0] ** 2 + 5 * y[0] + 140 - y[1] + 10, 0.02 * (0.2 * y[0] - y[1])]

    def peak(t: float, y: Array) -> float:
        return float(y[0] - 30)

    peak.terminal = True  # type: ignore[attr-defined]
    y, t, expected = [-65.0, -13.0], 0.0, []
    while t < 300:
        part = solve_ivp(flow, (t, 300), y, events=peak, rtol=1e-8, atol=1e-8)
        t = float(part.t[-1])
        if t < 300:
            expected.append(t)
            y = [-65.0, float(part.y[1, -1]) + 8]
    neuron = make("izhikevich", dt=0.02)
    spikes = neuron(torch.ones(15_000, 1, WIDTH, dtype=torch.float64))[0][:, 0, 0]
    times = (spikes.nonzero().flatten() + 1) * 0.02
    assert len(times) == len(expected) >= 5
    np.testing.assert_allclose(times.numpy(), expected, atol=1.0, rtol=5e-3)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("name", ["qif", "eif", "izhikevich"])
def test_nonlinear_integrators_stay_finite(name: str, dtype: torch.dtype) -> None:
    """Long, and with inputs ten times those they are made for; gradients too, where the type has room."""
    x = (drive(1000) * 10).to(dtype).requires_grad_()
    neuron = make(name, dt=1.0)
    state = neuron.initial_state(x[0])
    for x_t in x:
        _, state = neuron.step(x_t, state)
        assert all(bool(part.isfinite().all()) for part in state)
    (gradient,) = torch.autograd.grad(neuron(x[:50])[0].sum(), x)
    assert dtype == torch.float16 or bool(gradient.isfinite().all())


@pytest.mark.parametrize(
    ("name", "params", "says"),
    [
        ("alpha", {"alpha": 0.8, "beta": 0.9}, "0 < beta < alpha"),
        ("lapicque", {"dt": 30.0}, "time constant"),
        ("plif", {"beta": 1.0}, "between 0 and 1"),
        ("adlif", {"a": (1.0, -1.0)}, "not a range"),
        ("adlif", {"b": (1.0,)}, "not a range"),
        ("qif", {"dt": 6.0}, "longer than tau"),
        ("eif", {"dt": 6.0}, "longer than tau"),
        ("eif", {"sharpness": 0.05}, "above 10"),
    ],
)
def test_what_cannot_work_is_refused(name: str, params: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        make(name, **params)
    assert caught.value.hint


@pytest.mark.parametrize(("name", "library"), [("gru", torch.nn.GRU), ("lstm", torch.nn.LSTM)])
def test_gated_controls_are_those_of_torch(name: str, library: type[torch.nn.RNNBase]) -> None:
    x = drive().requires_grad_()
    neuron = make(name).double()
    theirs = library(WIDTH, WIDTH).double()  # type: ignore[call-arg, arg-type]
    theirs.load_state_dict(
        {f"{key.removeprefix('cell.')}_l0": value for key, value in neuron.state_dict().items()}
    )
    ours, expected = neuron(x)[0], theirs(x)[0]
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-12)
    gradients = (torch.autograd.grad(y.square().sum(), x)[0] for y in (ours, expected))
    torch.testing.assert_close(*gradients, rtol=0, atol=1e-10)
    assert all(float(p.detach().abs().max()) <= 0.5 for p in neuron.parameters())


def test_gated_controls_without_recurrent_weights_forget_through_their_gate() -> None:
    """Exponents are the means of ln z and of ln f, by the tangents that the board uses."""
    x = drive(300)[:, :1]
    for name in ("gru", "lstm"):
        neuron = make(name).double().requires_grad_(False)
        neuron.get_parameter("cell.weight_hh").zero_()
        weight, *biases = (neuron.get_parameter(f"cell.{p}") for p in ("weight_ih", "bias_ih", "bias_hh"))
        drives = x[:, 0] @ weight.T + biases[0] + biases[1]
        gate = drives[:, WIDTH : 2 * WIDTH]
        expected = gate.sigmoid().log().mean(0).sort(descending=True)
        found = spectrum(neuron.step, neuron.initial_state(x[0]), x, WIDTH)
        torch.testing.assert_close(found.exponents, expected.values, rtol=0, atol=0.02)


@pytest.mark.parametrize("name", [spec.name for spec in listing.SPECS])
def test_the_state_follows_the_batch_and_any_shape(name: str) -> None:
    """The same neuron on another batch size, and a population in two dimensions equal to a flat one."""
    spec = next(spec for spec in listing.SPECS if spec.name == name)
    surrogate = None if spec.spike == "none" else ATan()
    flat, square = (
        spec.load()(shape, surrogate, torch.Generator().manual_seed(1)).double() for shape in ((4,), (2, 2))
    )
    x = drive(30)
    flat(x[:, :1])
    whole, state = flat(x)
    assert all(part.shape[0] == BATCH for part in state)
    assert torch.equal(square(x.unflatten(2, (2, 2)))[0].flatten(2), whole)


LINEAR = [
    ("lif", {"beta": 0.9}),
    ("if", {}),
    ("plif", {"beta": 0.8}),
    ("rlif", {"beta": 0.9}),
    ("synaptic", {"alpha": 0.5, "beta": 0.8}),
    ("alpha", {"alpha": 0.9, "beta": 0.6, "reset": "subtract"}),
    ("lapicque", {}),
    ("alif", {"beta": 0.7, "rho": 0.9}),
    ("alif", {"beta": 0.9, "rho": 0.7}),
    ("adlif", {"a": (0.1, 0.1)}),  # a complex pair
    ("adlif", {"a": (-0.1, -0.1), "alpha": (0.9, 0.9), "beta_w": (0.97, 0.97)}),  # runs away
    ("adlif", {"a": (-0.01, 0.5), "recurrent": True}),
    ("li", {"beta": 0.9}),
]


@pytest.mark.parametrize(("name", "params"), LINEAR, ids=[f"{name}-{params}" for name, params in LINEAR])
def test_leak_exponent_is_the_growth_of_the_true_derivative(name: str, params: dict[str, object]) -> None:
    """ln ‖J_T…J_1‖/T by products of Jacobians, spikes frozen, over one long run of one entry."""
    neuron = make(name, **params).double().requires_grad_(False)
    x = drive(300)[:, :1]
    state = neuron.initial_state(x[0])
    shape = (len(state), *state[0].shape)

    def jacobian(x_t: torch.Tensor, flat: torch.Tensor) -> torch.Tensor:
        def following(h: torch.Tensor) -> torch.Tensor:
            return torch.stack(neuron.step(x_t, tuple(h.view(shape)))[1]).flatten()

        with derivative("true"):
            return torch.func.jacrev(following)(flat)

    product, grown = torch.eye(math.prod(shape), dtype=torch.float64), 0.0
    for t, x_t in enumerate(x):
        product = jacobian(x_t, torch.stack(state).flatten()) @ product
        size = float(product.norm())
        product, grown = product / size, grown + (math.log(size) if t >= 100 else 0)
        _, state = neuron.step(x_t, state)
    leak = neuron.leak_exponent()
    assert leak is not None
    assert grown / 200 == pytest.approx(leak, abs=0.01)


@pytest.mark.parametrize("name", [spec.name for spec in listing.SPECS if spec.states])
def test_states_are_in_single_precision_under_autocast(name: str) -> None:
    x = drive(30, torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        outputs, last = make(name)(x)
    expected, _ = make(name)(x.float())
    assert all(part.dtype is torch.float32 for part in last)
    assert float((outputs.float() - expected).abs().gt(0.02).double().mean()) < 0.02


@pytest.mark.parametrize("kind", ["lif", "synaptic"])
@pytest.mark.parametrize(("delay", "after"), [(True, [1.0, 0.0]), (False, [0.5, 1.0])])
def test_a_delayed_reset_is_of_inhibited_neurons_too(kind: str, delay: bool, after: list[float]) -> None:
    """By hand: the membranes 4 and 2 pass θ = 1, the first spikes; a step without input follows."""
    more = {"alpha": 0.0} if kind == "synaptic" else {}
    neuron = make(kind, beta=0.5, inhibition=True, reset_delay=delay, **more)
    spikes, state = neuron(torch.tensor([[[4.0, 2.0]], [[0.0, 0.0]]]))
    assert spikes[0].tolist() == [[1.0, 0.0]]
    assert state[-1].tolist() == [after]
