"""Values of each neuron: lists and distributions, for every parameter that takes them."""

from __future__ import annotations

import math

import pytest
import torch
from scipy import stats

from snnbench.compiler.engine import Compiled
from snnbench.compiler.program import UnsupportedStepError
from snnbench.compiler.record import record
from snnbench.components import neurons as listing
from snnbench.components.neurons.lif import LIF
from snnbench.components.surrogates.atan import ATan
from snnbench.core.neuron import Neuron
from snnbench.errors import UsageError
from snnbench.factory.make import _building_in, make_neuron
from snnbench.matrix.axes import axis
from snnbench.plugin.distributions import PerNeuron, parse
from snnbench.plugin.host import Host
from snnbench.plugin.specs import NeuronSpec
from snnbench.testing.casebook import Case, component_cases
from snnbench.testing.neurons import PROBES, Subject
from snnbench.testing.outcomes import Undecided

WIDTH = 4
SPREAD = [
    (spec, name)
    for spec in listing.SPECS
    for name, param in spec.params.items()
    if param.per_neuron is not PerNeuron.NO
]
FEW = [
    (spec, name) for spec, name in SPREAD if spec.name not in {one.name for one in listing.TRACE_SPECS[1:]}
]
REST = [pytest.param(*one, marks=pytest.mark.slow) for one in SPREAD if one not in FEW]
each = pytest.mark.parametrize(("spec", "name"), [*FEW, *REST])
few = pytest.mark.parametrize(("spec", "name"), FEW, ids=[f"{spec.name}-{name}" for spec, name in FEW])


def build(name: str, seed: int = 1, width: int = WIDTH, **params: object) -> Neuron:
    spec = next(one for one in listing.SPECS if one.name == name)
    surrogate = None if spec.spike == "none" else ATan()
    made = spec.load()(
        (width,), surrogate, torch.Generator().manual_seed(seed), **spec.resolve(tuple(params.items()))
    )  # type: ignore[arg-type]
    assert isinstance(made, Neuron)
    return made


def with_list(spec: NeuronSpec, name: str) -> Neuron:
    """A population whose parameter ``name`` falls from its default by 2 % a neuron."""
    return build(spec.name, **{name: falling(spec, name)})


def falling(spec: NeuronSpec, name: str) -> tuple[float, ...]:
    default = spec.params[name].default
    assert isinstance(default, float)
    return tuple(default * (1 - 0.02 * k) for k in range(WIDTH))


def drive(dtype: torch.dtype, strength: float = 1.0) -> torch.Tensor:
    noise = torch.randn(40, 3, WIDTH, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    return (strength * (noise + 0.3)).to(dtype)


def test_every_decay_threshold_and_time_constant_takes_them() -> None:
    lacking = {
        f"{spec.name}.{name}"
        for spec in listing.SPECS
        for name, param in spec.params.items()
        if (param.unit == "1/step" or "threshold" in name or name == "tau")
        and isinstance(param.default, float)
        and param.per_neuron is PerNeuron.NO
    }
    assert lacking == {"qif.threshold", "eif.threshold"}, (
        "where the upstroke counts as a spike, not a threshold"
    )


@each
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_list_of_equal_values_is_the_number_bit_for_bit(
    spec: NeuronSpec, name: str, dtype: torch.dtype
) -> None:
    default = spec.params[name].default
    with _building_in(dtype):
        one, many = build(spec.name), build(spec.name, **{name: (default,) * WIDTH})
    x = drive(dtype).requires_grad_()
    results = []
    for neuron in (one, many):
        y, state = neuron(x)
        results.append([y, *state, *torch.autograd.grad(y.sum() + state[-1].square().sum(), x)])
    assert all(map(torch.equal, *results))


@few
def test_values_differ_between_neurons_and_each_is_its_own(spec: NeuronSpec, name: str) -> None:
    """Neuron k of a population with a list is the only one of a population with its number."""
    if spec.name in {"rlif", "adlif"}:
        pytest.skip("its units see each other")
    values = falling(spec, name)
    with _building_in(torch.float64):
        whole, x = build(spec.name, **{name: values}), drive(torch.float64)
    y, state = whole(x)
    for k, value in enumerate(values):
        with _building_in(torch.float64):
            alone = build(spec.name, width=1, **{name: value})
        z, last = alone(x[..., k : k + 1])
        torch.testing.assert_close(z, y[..., k : k + 1], rtol=0, atol=1e-6)
        torch.testing.assert_close(last[-1], state[-1][..., k : k + 1], rtol=1e-5, atol=1e-5)


LAWS = {
    "uniform(0.8,0.99)": stats.uniform(0.8, 0.19),
    "loguniform(0.1,0.9)": stats.loguniform(0.1, 0.9),
    "gamma(3.0,5.0)": stats.gamma(3, scale=5),
}


@pytest.mark.parametrize("text", LAWS)
def test_draws_have_their_distribution(text: str) -> None:
    """Kolmogorov and Smirnov's distance of 4,000 draws; a gamma is that of τ, with β = exp(−1/τ)."""
    neuron = build("lif", width=4000, beta=text)
    assert isinstance(neuron, LIF)
    assert isinstance(neuron.beta, torch.Tensor)
    values = neuron.beta.numpy()
    drawn = -1 / torch.from_numpy(values).log().numpy() if text.startswith("gamma") else values
    assert stats.kstest(drawn, LAWS[text].cdf).pvalue > 0.01
    assert drawn.mean() == pytest.approx(LAWS[text].mean(), abs=5 * LAWS[text].std() / math.sqrt(4000))


def test_a_gamma_of_a_threshold_is_of_the_value_itself() -> None:
    neuron = build("lif", width=4000, threshold="gamma(4,0.25)")
    assert stats.kstest(neuron.threshold.numpy(), stats.gamma(4, scale=0.25).cdf).pvalue > 0.01  # type: ignore[union-attr, operator]


def test_draws_follow_the_generator_and_layers_are_independent() -> None:
    text, spec = "uniform(0.1,0.9)", next(one for one in listing.SPECS if one.name == "lif")
    first, again, other = (build("lif", seed, 500, beta=text).beta for seed in (1, 1, 2))
    assert torch.equal(first, again)  # type: ignore[arg-type]
    assert not torch.equal(first, other)  # type: ignore[arg-type]
    generator = torch.Generator().manual_seed(1)
    layers = [spec.load()((500,), ATan(), generator, beta=text).beta for _ in range(2)]
    assert abs(stats.pearsonr(*layers).statistic) < 0.15
    neuron = build("synaptic", width=500, alpha=text, beta=text)
    assert abs(stats.pearsonr(neuron.alpha, neuron.beta).statistic) < 0.15  # type: ignore[arg-type]


@pytest.mark.parametrize("learn", [False, True])
def test_the_leak_is_that_of_the_slowest_neuron(learn: bool) -> None:
    values = (0.5, 0.93, 0.7, 0.2)
    assert build("lif", beta=values, learn_beta=learn).leak_exponent() == pytest.approx(
        math.log(0.93), abs=1e-7
    )
    assert build("alif", beta=values, rho=0.1).leak_exponent() == pytest.approx(math.log(0.93))
    assert build("plif", beta=values).leak_exponent() == pytest.approx(math.log(0.93), abs=1e-6)
    assert build("lib", beta=values, learn_beta=learn).leak_exponent() == pytest.approx(
        math.log(0.93), abs=1e-6
    )
    slow = build("lapicque", resistance=(1.0, 2.0, 8.0, 4.0), capacitance=5.0)
    assert slow.leak_exponent() == pytest.approx(math.log(1 - 1 / 40))


def test_learned_values_start_at_the_drawn_ones() -> None:
    fixed, learned = (build("lif", beta="uniform(0.8,0.99)", learn_beta=learn) for learn in (False, True))
    assert learned.get_parameter("beta").shape == (WIDTH,)
    torch.testing.assert_close(learned.get_parameter("beta").detach(), fixed.beta)
    assert learned.bounds == {"beta": (0.0, 1.0)}


@few
def test_a_loop_is_made_of_a_step_with_a_list(spec: NeuronSpec, name: str) -> None:
    neuron, x = with_list(spec, name), drive(torch.float32)
    if spec.name == "rlif":
        with pytest.raises(UnsupportedStepError):
            record(neuron, x, neuron.initial_state(x[0]))
    else:
        assert record(neuron, x, neuron.initial_state(x[0])).parameters


@pytest.mark.parametrize(
    ("kind", "name"),
    [("lif", "beta"), *(pytest.param(s.name, n, marks=pytest.mark.slow) for s, n in FEW if s.name != "rlif")],
)
def test_the_loop_of_a_step_with_a_list_is_the_step(kind: str, name: str) -> None:
    neuron = with_list(next(one for one in listing.SPECS if one.name == kind), name)
    x, results = drive(torch.float32).requires_grad_(), []
    compiled = Compiled(3)
    assert compiled.loop(neuron, x, neuron.initial_state(x[0])) is not None
    for engine in (neuron.engine, compiled):
        neuron.engine = engine
        y, state = neuron(x)
        results.append([y, *state, *torch.autograd.grad(y.sum() + state[-1].square().sum(), x)])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ("lif(beta=[[0.9,0.8,0.7]])", r"beta is a list of 3 values, and features=\(4,\) are 4 neurons"),
        ("lib(beta=[[0.9,0.8,0.7]])", r"beta is a list of 3 values, and features=\(4,\) are 4 neurons"),
        ("lif(beta='uniform(0.8,1.2)')", "1.2 is outside 0 … 1"),
        ("lif(beta=[[0.9,0.8,0.7,1.5]])", "1.5 is outside 0 … 1"),
        ("lif(beta='uniform(0.9,0.8)')", "low is above high"),
        ("lif(beta='loguniform(0,0.8)')", "low is above 0"),
        ("lif(beta='gamma(0,1)')", "shape and scale are above 0"),
        ("lif(beta='normal(0,1)')", "is not uniform"),
        ("lif(beta='uniform(0,1)x')", "is not uniform"),
        ("alpha(alpha='uniform(0.5,0.9)',beta=0.6)", "are not 0 < beta < alpha"),
        ("eif(tau='uniform(0.5,2)')", "is longer than tau"),
        ("lif(reset='uniform(0,1)')", "is not one of subtract"),
        ("rlif(rec_strength='uniform(0,1)')", "expected float"),
    ],
)
def test_what_is_refused_says_why(params: str, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        make_neuron(params, (WIDTH,), seed=3)


def test_a_matrix_writes_them() -> None:
    """A list is a sweep as everywhere; a list of lists gives each neuron its own."""
    found = axis(
        "neuron", ['lif(beta=[0.9,[0.9,0.8],"uniform( 0.8, .99 )"],threshold="gamma(4,2.5e-1)")'], Host.load()
    )
    assert [str(one.component) for one in found] == [
        "lif[beta=0.9,threshold=gamma(4.0,0.25)]",
        "lif[beta=[0.9,0.8],threshold=gamma(4.0,0.25)]",
        "lif[beta=uniform(0.8,0.99),threshold=gamma(4.0,0.25)]",
    ]
    assert len({one.identity for one in found}) == 3
    assert str(parse("uniform(1,2)")) == "uniform(1.0,2.0)"


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["lif(beta)", "synaptic(alpha)", "plif(beta)", "alif(rho)", "li(beta)", "dsrlits(pos_beta)"]
)
def test_the_conformance_kit_holds_for_drawn_values(text: str) -> None:
    name, _, parameter = text.rstrip(")").partition("(")
    provided = Host.load().find("neuron", name)
    params = ((parameter, "uniform(0.5,0.95)"),)
    subject = Subject(provided.spec, params, [])  # type: ignore[arg-type]
    assert next(component_cases(provided), None)
    for probe in PROBES:
        if probe.name not in {"spec[ranges]"}:
            try:
                Case(provided, params, probe, subject).run()
            except Undecided:
                continue
