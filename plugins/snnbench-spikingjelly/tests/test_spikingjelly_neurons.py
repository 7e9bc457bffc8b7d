"""Each neuron against the bare SpikingJelly node, step by step and in its multi-step mode."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from spikingjelly.activation_based import neuron as theirs
from spikingjelly.activation_based import surrogate as jelly
from torch import Tensor, nn

from snnbench import LibrarySurrogate, Neuron, Surrogate, make_neuron
from snnbench.components.surrogates.atan import ATan
from snnbench.components.surrogates.graded_sigmoid import GradedSigmoid
from snnbench.components.surrogates.triangular import Triangular
from snnbench.core.surrogate import counting_spikes, derivative
from snnbench.errors import UsageError
from snnbench_spikingjelly import NEURONS

STEPS, BATCH, WIDTH = 40, 3, 5
Params = dict[str, Any]
RESETS: dict[str, tuple[Params, Params]] = {
    "zero": ({}, {"v_reset": 0.0}),
    "subtract": ({"reset": "subtract"}, {"v_reset": None}),
    "value": ({"reset": "value", "v_reset": -0.25}, {"v_reset": -0.25}),
}


@dataclass(frozen=True)
class Case:
    """A component at some parameters, and the same as a bare node."""

    name: str
    node: str
    params: Params = field(default_factory=dict)
    options: Params = field(default_factory=dict)
    scale: float = 1.0

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{key}={value}' for key, value in self.params.items())})"


def cases(
    name: str, node: str, scale: float = 1.0, resets: str = "zero subtract value", **same: Any
) -> list[Case]:
    """One for each reset, detached or not."""
    made = []
    for reset in resets.split():
        ours, other = RESETS[reset]
        for detach in (False, True):
            both = {**same, "detach_reset": detach}
            made.append(Case(name, node, {**both, **ours}, {**both, **other}, scale))
    return made


def same(name: str, node: str, scale: float = 1.0, **both: Any) -> Case:
    return Case(name, node, both, both, scale)


CASES = [
    *cases("if_node", "IFNode"),
    *cases("lif_node", "LIFNode", 2.0, tau=3.0),
    *cases("lif_node", "LIFNode", tau=3.0, decay_input=False, v_threshold=0.7),
    *cases("parametric_lif_node", "ParametricLIFNode", 2.0, init_tau=3.0),
    *cases("simple_if_node", "SimpleIFNode"),
    *cases("simple_lif_node", "SimpleLIFNode", 2.0, "zero value", tau=3.0, decay_input=True),
    *cases("klif_node", "KLIFNode", 2.0, tau=3.0, scale_reset=True),
    *cases("klif_node", "KLIFNode", 2.0, "zero", decay_input=False),
    *cases("ternary_if_node", "TernaryIFNode"),
    *cases("ternary_lif_node", "TernaryLIFNode", 2.0, tau=3.0),
    *cases("izhikevich_node", "IzhikevichNode", 2.0, a=0.2, b=0.3, tau=3.0),
    *cases("raf_node", "RAFNode"),
    *(
        same(name, node, 2.0, v_reset=v_reset, detach_reset=detach)
        for name, node in (("qif_node", "QIFNode"), ("eif_node", "EIFNode"))
        for v_reset, detach in ((-0.1, False), (-0.3, True))
    ),
    Case("cuba_lif_node", "CUBALIFNode"),
    Case("cuba_lif_node", "CUBALIFNode", {"reset": "subtract"}, {"v_reset": None}),
    Case("activation_aware_if_node", "ActivationAwareIFNode", {"v_offset": 0.2}, {"v_offset": 0.2}),
    same("half_threshold_if_node", "HalfThresholdIFNode", v_threshold=0.8),
    same("half_threshold_if_node", "HalfThresholdIFNode", detach_reset=True),
    same("complementary_lif_node", "ComplementaryLIFNode", 2.0, tau=3.0),
]


def drive(case: Case, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(11)
    noise = torch.randn(STEPS, BATCH, WIDTH, generator=generator, dtype=torch.float64)
    return (0.3 + case.scale * noise).to(dtype).requires_grad_()


def component(name: str, surrogate: Surrogate | None, params: Params, seed: int = 5) -> Neuron:
    spec = next(spec for spec in NEURONS if spec.name == name)
    generator = torch.Generator().manual_seed(seed)
    made = spec.load()((WIDTH,), surrogate, generator, **spec.resolve(tuple(params.items())))
    assert isinstance(made, Neuron)
    return made.double()


def bare(case: Case, function: Any) -> Any:
    return getattr(theirs, case.node)(surrogate_function=function, **case.options).double()


def run_bare(node: Any, x: Tensor) -> list[Tensor]:
    rows = [(node(x_t), *node.memories()) for x_t in x]
    return [torch.stack(column) for column in zip(*rows, strict=True)]


def run(neuron: Neuron, x: Tensor) -> list[Tensor]:
    state, rows = neuron.initial_state(x[0]), []
    for x_t in x:
        y, state = neuron.step(x_t, state)
        rows.append((y, *state))
    return [torch.stack(column) for column in zip(*rows, strict=True)]


def gradients(outputs: list[Tensor], x: Tensor, module: nn.Module) -> list[Tensor]:
    generator = torch.Generator().manual_seed(3)
    weights = [torch.randn(y.shape, generator=generator, dtype=torch.float64).to(y.dtype) for y in outputs]
    loss = torch.stack([(y * w).sum() for y, w in zip(outputs, weights, strict=True)]).sum()
    return list(torch.autograd.grad(loss, [x, *module.parameters()]))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_is_the_bare_node_forward_and_backward(case: Case) -> None:
    x = drive(case)
    neuron = component(case.name, LibrarySurrogate(jelly.ATan, alpha=3.0), case.params)
    node = bare(case, jelly.ATan(alpha=3.0))
    ours, other = run(neuron, x), run_bare(node, x)
    assert 0.02 < float(ours[0].detach().abs().mean()) < 0.9
    assert all(torch.equal(a, b) for a, b in zip(ours, other, strict=True))
    for a, b in zip(gradients(ours, x, neuron), gradients(other, x, node), strict=True):
        assert bool((a != 0).any())
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_all_steps_at_once_are_the_multi_step_mode_and_the_loop(case: Case, dtype: torch.dtype) -> None:
    """In float32 SpikingJelly runs its registered kernels, for those of its surrogates that they know."""
    x = drive(case, dtype)
    neuron = component(case.name, LibrarySurrogate(jelly.ATan, alpha=3.0), case.params).to(dtype)
    node = bare(case, jelly.ATan(alpha=3.0)).to(dtype)
    node.step_mode = "m"
    y, state = neuron(x)
    assert torch.equal(y, node(x))
    assert all(torch.equal(a, b) for a, b in zip(state, node.memories(), strict=True))
    loop = run(neuron, x)
    assert torch.equal(y, loop[0])
    close = {"rtol": 1e-4, "atol": 1e-5} if dtype == torch.float32 else {"rtol": 1e-12, "atol": 1e-12}
    for a, b in zip(gradients([y], x, neuron), gradients(loop[:1], x, neuron), strict=True):
        torch.testing.assert_close(a, b, **close)


def test_a_known_surrogate_takes_the_registered_kernel_and_an_observed_one_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []
    whole = theirs.lif.functional.lif_multi_step

    def listening(*args: Any, **options: Any) -> Any:
        asked.append(args[6])
        return whole(*args, **options)

    monkeypatch.setattr(theirs.lif.functional, "lif_multi_step", listening)
    x = drive(Case("lif_node", "LIFNode"), torch.float32)
    known = component("lif_node", LibrarySurrogate(jelly.ATan, alpha=2.0), {}).float()
    known(x)
    component("lif_node", ATan(), {}).float()(x)
    component("lif_node", Triangular(), {}).float()(x)
    with derivative("true"):
        known(x)
    with counting_spikes() as spikes:
        known(x)
    assert [type(one).__name__ for one in asked] == [
        "ATan",
        "ATan",
        "AtThreshold",
        "AtThreshold",
        "AtThreshold",
    ]
    assert spikes.count == STEPS


EXACT = ("if_node", "lif_node", "parametric_lif_node", "simple_if_node", "simple_lif_node", "klif_node")
EXACT += ("half_threshold_if_node", "activation_aware_if_node", "cuba_lif_node", "ternary_if_node")
EXACT += ("ternary_lif_node", "complementary_lif_node")


@pytest.mark.parametrize("name", EXACT)
def test_it_fires_at_the_threshold_whatever_the_surrogate(name: str) -> None:
    spec = next(one for one in NEURONS if one.name == name)
    params = {"v_threshold": 1.0, **({"decay_input": False} if "decay_input" in spec.params else {})}
    x = torch.full((1, 1, WIDTH), 0.5 if name == "half_threshold_if_node" else 1.0, dtype=torch.float64)
    for surrogate in (ATan(), LibrarySurrogate(jelly.Sigmoid, alpha=4.0)):
        neuron = component(name, surrogate, params)
        assert bool((neuron(x)[0] == 1).all())
        assert not bool(neuron(x * (1 - 1e-9))[0].any())
    assert spec.threshold == ">="


def test_a_graded_surrogate_keeps_its_values() -> None:
    neuron, x = component("if_node", GradedSigmoid(), {}), torch.zeros(1, 1, WIDTH, dtype=torch.float64)
    assert torch.equal(neuron(x)[0], GradedSigmoid().forward(x - 1))


def test_liaf_is_the_bare_node_in_single_step_mode() -> None:
    """In multi-step mode SpikingJelly 2.0.0 runs LIFNode instead, whose output is spikes."""
    case = Case("liaf_node", "LIAFNode", scale=2.0)
    x = drive(case)
    node = theirs.LIAFNode(torch.relu, True, surrogate_function=jelly.ATan(alpha=3.0)).double()
    expected = run_bare(node, x)
    neuron = component("liaf_node", LibrarySurrogate(jelly.ATan, alpha=3.0), {})
    assert all(torch.equal(a, b) for a, b in zip(run(neuron, x), expected, strict=True))
    assert torch.equal(neuron(x)[0], expected[0])
    node.reset()
    node.step_mode = "m"
    assert set(node(x).unique().tolist()) == {0, 1}
    assert len(expected[0].unique()) > 10


def test_ilif_is_the_bare_node_whatever_the_surrogate() -> None:
    x = drive(Case("ilif_node", "ILIFNode", scale=3.0))
    node = theirs.ILIFNode(surrogate_function=jelly.MultiLevelSpikeCount(3)).double()
    expected = run_bare(node, x)
    neuron = component("ilif_node", ATan(), {"max_spike_count": 3})
    ours = run(neuron, x)
    assert set(ours[0].unique().tolist()) == {0, 1, 2, 3}
    assert all(torch.equal(a, b) for a, b in zip(ours, expected, strict=True))
    assert torch.equal(neuron(x)[0], expected[0])
    torch.testing.assert_close(
        gradients(ours, x, neuron), gradients(expected, x, node), rtol=1e-12, atol=1e-12
    )


@pytest.mark.parametrize(
    ("name", "node"),
    [
        ("non_spiking_if_node", theirs.NonSpikingIFNode()),
        ("non_spiking_lif_node", theirs.NonSpikingLIFNode(2.0)),
    ],
)
def test_a_node_without_spikes_gives_the_membrane_of_the_bare_one(name: str, node: Any) -> None:
    x = drive(Case(name, ""))
    neuron = component(name, None, {})
    expected = torch.stack(node(x))
    assert torch.equal(neuron(x)[0], expected)
    assert torch.equal(run(neuron, x)[0], expected)
    assert "v" not in vars(neuron.module), "nothing is kept"


@pytest.mark.parametrize("k", [2, 4])
def test_sliding_psn_is_the_bare_node(k: int) -> None:
    x = drive(Case("sliding_psn", "SlidingPSN"))
    node = theirs.SlidingPSN(k, surrogate_function=jelly.ATan(alpha=3.0)).double()
    neuron = component("sliding_psn", LibrarySurrogate(jelly.ATan, alpha=3.0), {"k": k})
    expected = torch.stack([node(x_t) for x_t in x])
    ours = run(neuron, x)[0]
    assert 0.1 < float(ours.detach().mean()) < 0.9
    assert torch.equal(ours, expected)
    node.step_mode = "m"
    whole, _ = neuron(x)
    assert torch.equal(whole, node(x))
    assert torch.equal(whole, expected)
    found, other = gradients([ours], x, neuron), gradients([expected], x, node)
    torch.testing.assert_close(found, other, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(gradients([whole], x, neuron), other, rtol=1e-12, atol=1e-12)


def test_weights_of_sliding_psn_come_from_the_generator() -> None:
    before = torch.get_rng_state()
    one, two, other = (
        component("sliding_psn", ATan(), {"exp_init": False, "k": 8}, seed).module.weight
        for seed in (1, 1, 2)
    )
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), before)
    assert float(one.detach().abs().max()) <= 8**-0.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lif_node(v_reset=0.5)", "not used with reset='zero'"),
        ("if_node(reset=subtract,v_reset=0.5)", "not used with reset='subtract'"),
        ("eif_node(v_rest=-0.5)", "refuses EIFNode"),
        ("ternary_if_node(reset=value,v_reset=2.0)", "between the two thresholds"),
    ],
)
def test_what_spikingjelly_refuses_is_refused_in_words(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_neuron(text, (4,))
