"""Each neuron against the bare snntorch, called as its documentation says, step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import snntorch as snn
import torch
from snntorch import surrogate as theirs
from torch import Tensor, nn

from snnbench import LibrarySurrogate, Neuron, make_neuron
from snnbench.components.surrogates.atan import ATan
from snnbench.errors import UsageError
from snnbench_snntorch import NEURONS

STEPS, BATCH, WIDTH = 40, 3, 5
MAPS = (2, 4, 4)
Params = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A component at some parameters, and the same in bare snntorch."""

    name: str
    bare: Callable[..., Any]
    params: Params = field(default_factory=dict)
    options: Params = field(default_factory=dict)
    states: int = 1
    features: tuple[int, ...] = (WIDTH,)
    scale: float = 0.7

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{key}={value}' for key, value in self.params.items())})"


def case(name: str, bare: Any, states: int = 1, scale: float = 0.7, **params: Any) -> Case:
    return Case(name, bare, params, params, states, scale=scale)


def per_neuron(**params: float) -> Params:
    return {name: torch.full((WIDTH,), value) for name, value in params.items()}


TRAINED = {"learn_beta": True, "learn_threshold": True}
CASES = [
    *(case("leaky", snn.Leaky, beta=0.9, reset_mechanism=kind) for kind in ("subtract", "zero", "none")),
    *(
        case("leaky", snn.Leaky, beta=0.9, reset_mechanism=kind, reset_delay=False)
        for kind in ("subtract", "zero")
    ),
    case("leaky", snn.Leaky, beta=0.9, threshold=0.7, **TRAINED),
    Case(
        "leaky",
        snn.Leaky,
        {"beta": 0.9, "threshold": 0.7, "per_neuron": True, **TRAINED},
        {**per_neuron(beta=0.9, threshold=0.7), **TRAINED},
    ),
    *(
        case("synaptic", snn.Synaptic, 2, 0.5, alpha=0.6, beta=0.9, reset_mechanism=kind)
        for kind in ("subtract", "zero", "none")
    ),
    case("synaptic", snn.Synaptic, 2, 0.5, alpha=0.6, beta=0.9, reset_delay=False),
    case("synaptic", snn.Synaptic, 2, 0.5, alpha=0.6, beta=0.9, learn_alpha=True, **TRAINED),
    *(case("alpha", snn.Alpha, 3, alpha=0.85, beta=0.7, reset_mechanism=kind) for kind in ("zero", "none")),
    case("lapicque", snn.Lapicque, scale=2.0, beta=0.5),
    Case(
        "lapicque",
        snn.Lapicque,
        {"beta": 0.0, "R": 5.0, "C": 2.0},
        {"R": 5.0, "C": 2.0, "time_step": 1.0},
        scale=4,
    ),
    *(
        Case(
            "lapicque",
            snn.Lapicque,
            {"beta": 0.8, name: 2.0, "reset_mechanism": "zero"},
            {"beta": 0.8, name: 2.0, "time_step": 1.0, "reset_mechanism": "zero"},
            scale=4,
        )
        for name in ("R", "C")
    ),
    *(
        Case("r_leaky", snn.RLeaky, {"beta": 0.7, **how}, {"beta": 0.7, "linear_features": WIDTH, **how}, 2)
        for how in ({"reset_mechanism": "subtract"}, {"reset_mechanism": "zero"}, {"reset_delay": False})
    ),
    Case(
        "r_leaky",
        snn.RLeaky,
        {"all_to_all": False, "V": 0.5},
        {"beta": 0.5, "all_to_all": False, "V": 0.5},
        2,
    ),
    Case("r_leaky", snn.RLeaky, {}, {"beta": 0.5, "conv2d_channels": 2, "kernel_size": 3}, 2, MAPS),
    Case(
        "r_synaptic", snn.RSynaptic, {"beta": 0.7}, {"alpha": 0.9, "beta": 0.7, "linear_features": WIDTH}, 3
    ),
    Case(
        "r_synaptic",
        snn.RSynaptic,
        {},
        {"alpha": 0.9, "beta": 0.5, "conv2d_channels": 2, "kernel_size": 3},
        3,
        MAPS,
    ),
    *(
        Case(
            "slstm",
            snn.SLSTM,
            {"threshold": 0.1, "reset_mechanism": kind},
            {"input_size": WIDTH, "hidden_size": WIDTH, "threshold": 0.1, "reset_mechanism": kind},
            2,
            scale=2.0,
        )
        for kind in ("none", "subtract", "zero")
    ),
    Case(
        "s_conv2d_lstm",
        snn.SConv2dLSTM,
        {"threshold": 0.1},
        {"in_channels": 2, "out_channels": 2, "kernel_size": 3, "threshold": 0.1},
        2,
        MAPS,
        scale=2.0,
    ),
]


def drive(case: Case) -> Tensor:
    generator = torch.Generator().manual_seed(11)
    noise = torch.randn(STEPS, BATCH, *case.features, generator=generator, dtype=torch.float64)
    return (0.2 + case.scale * noise).requires_grad_()


def component(name: str, features: tuple[int, ...], surrogate: Any, params: Params, seed: int = 5) -> Neuron:
    spec = next(spec for spec in NEURONS if spec.name == name)
    generator = torch.Generator().manual_seed(seed)
    made = spec.load()(features, surrogate, generator, **spec.resolve(tuple(params.items())))
    assert isinstance(made, Neuron)
    return made.double()


def bare(case: Case, spike_grad: Any, like: Neuron) -> Any:
    module = case.bare(spike_grad=spike_grad, **case.options).double()
    module.load_state_dict(like.module.state_dict())
    return module


def run_bare(module: Any, x: Tensor, case: Case) -> list[Tensor]:
    """As documented: ``spk, mem = module(x_t, mem)``; a recurrent one takes its spikes, too."""
    recurrent = case.name.startswith("r_")
    carried, rows = [torch.zeros_like(x[0]) for _ in range(case.states)], []
    for x_t in x:
        row = module(x_t, *carried)
        carried = row if recurrent else row[1:]
        rows.append(row)
    return [torch.stack(column) for column in zip(*rows, strict=True)]


def run(neuron: Neuron, x: Tensor) -> list[Tensor]:
    state, rows = neuron.initial_state(x[0]), []
    for x_t in x:
        y, state = neuron.step(x_t, state)
        rows.append((y, *state))
    return [torch.stack(column) for column in zip(*rows, strict=True)]


def gradients(outputs: list[Tensor], wrt: list[Tensor]) -> list[Tensor | None]:
    generator = torch.Generator().manual_seed(3)
    loss = torch.stack(
        [(y * torch.randn(y.shape, generator=generator, dtype=torch.float64)).sum() for y in outputs]
    ).sum()
    return list(torch.autograd.grad(loss, wrt, allow_unused=True))


def learned(module: nn.Module) -> list[Tensor]:
    return [value for value in module.parameters() if value.requires_grad]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_is_the_bare_neuron_forward_and_backward(case: Case) -> None:
    x = drive(case)
    neuron = component(case.name, case.features, ATan(), case.params)
    module = bare(case, ATan(), neuron)
    ours, other = run(neuron, x), run_bare(module, x, case)
    ours = ours[:1] + ours[2:] if case.name.startswith("r_") else ours  # its spikes are a state as well
    assert 0.02 < float(ours[0].detach().mean()) < 0.9
    assert len(ours) == len(other)
    assert all(torch.equal(a, b) for a, b in zip(ours, other, strict=True))
    assert {part.dtype for part in ours} == {torch.float64}
    mine, expected = gradients(ours, [x, *learned(neuron)]), gradients(other, [x, *learned(module)])
    for a, b in zip(mine, expected, strict=True):
        assert a is not None
        assert b is not None
        assert bool((a != 0).any())
        torch.testing.assert_close(a, b, rtol=0, atol=0)


@pytest.mark.parametrize("case", [one for one in CASES if one.name in ("leaky", "lapicque")], ids=str)
def test_with_a_surrogate_of_snntorch_only_the_float32_of_its_spikes_differs(case: Case) -> None:
    """Where snntorch keeps no spikes in float32 as a state."""
    x = drive(case)
    neuron = component(
        case.name, case.features, LibrarySurrogate(theirs.fast_sigmoid, slope=25.0), case.params
    )
    module = bare(case, theirs.fast_sigmoid(slope=25), neuron)
    ours, other = run(neuron, x), run_bare(module, x, case)
    assert other[0].dtype == torch.float32
    assert torch.equal(ours[0].float(), other[0])
    for a, b in zip(gradients(ours, [x]), gradients([y.double() for y in other], [x]), strict=True):
        assert a is not None
        torch.testing.assert_close(a, b, rtol=5e-6, atol=5e-6)


def test_delta_leaky_is_the_bare_one() -> None:
    """Its documented call has the two membranes as one argument."""
    x = drive(Case("delta_leaky", snn.DeltaLeaky))
    neuron = component("delta_leaky", (WIDTH,), ATan(), {"beta": 0.9, "delta_threshold": 0.6})
    module = snn.DeltaLeaky(delta_threshold=0.6, beta=0.9, spike_grad=ATan()).double()
    carried, rows = (torch.zeros_like(x[0]), torch.zeros_like(x[0])), []
    for x_t in x:
        spikes, carried = module(x_t, carried)
        rows.append((spikes, carried[0]))
    other = [torch.stack(column) for column in zip(*rows, strict=True)]
    ours = run(neuron, x)
    assert 0.1 < float(ours[0].detach().mean()) < 0.9
    assert all(torch.equal(a, b) for a, b in zip(ours, other, strict=True))
    assert torch.equal(gradients(ours, [x])[0], gradients(other, [x])[0])  # type: ignore[arg-type]


@pytest.mark.parametrize("learn", [False, True])
def test_state_leaky_is_the_bare_one_on_a_whole_sequence(learn: bool) -> None:
    x = drive(Case("state_leaky", snn.StateLeaky))
    params = {"beta": 0.8, "learn_beta": learn, "learn_threshold": learn}
    neuron = component("state_leaky", (WIDTH,), ATan(), params)
    module = snn.StateLeaky(channels=WIDTH, spike_grad=ATan(), **params).double()
    module.load_state_dict(neuron.module.state_dict())
    spikes, mem = module(x)
    y, state = neuron(x)
    assert 0.1 < float(y.detach().mean()) < 0.9
    assert torch.equal(y, spikes)
    assert torch.equal(state[0], mem[-1])
    stepped = run(neuron, x)
    assert torch.equal(stepped[0], spikes)
    torch.testing.assert_close(stepped[1], mem, rtol=1e-12, atol=1e-12)
    for a, b in zip(gradients(stepped, [x]), gradients([spikes, mem], [x]), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


def test_state_leaky_decays_by_exp_of_beta_minus_1() -> None:
    x = torch.tensor([0.5, 0.0], dtype=torch.float64).reshape(2, 1, 1)
    _, state = component("state_leaky", (1,), ATan(), {"beta": 0.8})(x)
    assert float(state[0]) == pytest.approx(0.5 * float(torch.tensor(0.8 - 1).exp()), rel=1e-6)


def test_leaky_parallel_is_the_bare_one_on_a_whole_sequence() -> None:
    x = drive(Case("leaky_parallel", snn.LeakyParallel))
    neuron = component("leaky_parallel", (WIDTH,), ATan(), {"beta": 0.8, "threshold": 0.4})
    module = snn.LeakyParallel(WIDTH, WIDTH, beta=0.8, threshold=0.4, spike_grad=ATan()).double()
    module.load_state_dict(neuron.module.state_dict())
    spikes = module(x)
    y, _ = neuron(x)
    assert 0.1 < float(y.detach().mean()) < 0.9
    assert torch.equal(y, spikes)
    assert torch.equal(run(neuron, x)[0], spikes)
    wrt = [x, *learned(neuron)], [x, *learned(module)]
    for a, b in zip(gradients([y], wrt[0]), gradients([spikes], wrt[1]), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    assert len(wrt[0]) == 4, "the input weights and two biases"


@pytest.mark.parametrize("name", ["r_leaky", "slstm", "leaky_parallel"])
def test_weights_have_the_distribution_of_snntorch_and_come_from_the_generator(name: str) -> None:
    """PyTorch's own, uniform within 1/√H: what snntorch leaves its layers at."""
    width = 16
    before = torch.get_rng_state()
    one, two, other = (component(name, (width,), ATan(), {}, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    for a, b, c in zip(one.parameters(), two.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        assert a.numel() == 1 or not a.requires_grad or not torch.equal(a, c)
    drawn = torch.cat([value.detach().flatten() for value in learned(one)])
    assert 0.9 * width**-0.5 < float(drawn.abs().max()) <= width**-0.5
    assert abs(float(drawn.mean())) < 0.2 * width**-0.5


def test_nothing_is_kept_in_the_list_of_all_neurons() -> None:
    component("leaky", (WIDTH,), ATan(), {})
    component("state_leaky", (WIDTH,), ATan(), {})
    before = list(snn.SpikingNeuron.instances)
    mine = snn.Leaky(beta=0.5)
    component("leaky", (WIDTH,), ATan(), {})
    assert [one is other for one, other in zip(snn.SpikingNeuron.instances, [*before, mine], strict=True)]
    snn.SpikingNeuron.instances.remove(mine)


@pytest.mark.parametrize(
    ("text", "features", "message"),
    [
        ("snnbench-snntorch:alpha(alpha=0.5)", (4,), "not above beta"),
        ("snnbench-snntorch:lapicque(beta=0.0)", (4,), "nothing of beta, R and C"),
        ("snnbench-snntorch:lapicque(R=2.0,C=2.0)", (4,), "beta, R, C of beta"),
        ("slstm", (2, 4, 4), r"\[H\], not for \[2, 4, 4\]"),
        ("r_leaky", (3, 3), r"\[C, H, W\], not for \[3, 3\]"),
        ("r_leaky(kernel_size=2)", (2, 4, 4), "kernel_size=2 is even"),
        ("s_conv2d_lstm(kernel_size=4)", (2, 4, 4), "kernel_size=4 is even"),
    ],
)
def test_what_snntorch_cannot_make_is_refused_in_words(
    text: str, features: tuple[int, ...], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        make_neuron(text, features)


@pytest.mark.parametrize("name", ["slstm", "s_conv2d_lstm"])
def test_an_lstm_never_reaches_its_default_threshold(name: str) -> None:
    """Its output is below 1, where it has to be above: the row of a board says nothing about learning."""
    features = MAPS if "conv" in name else (WIDTH,)
    neuron = component(name, features, ATan(), {})
    x = 1e3 * torch.ones(STEPS, BATCH, *features, dtype=torch.float64)
    assert not bool(neuron(x)[0].any())


def test_what_the_readme_says_does_not_fit_does_not() -> None:
    leaky = theirs.LSO(slope=0.1)
    with pytest.raises(TypeError, match="variance"):
        leaky(torch.zeros(3))
    x = torch.zeros(1, 2)
    with pytest.raises(TypeError):
        snn.RSynaptic(0.9, 0.5, linear_features=2, reset_delay=False)(x)
    with pytest.raises(TypeError, match="cannot assign"):
        snn.Alpha(alpha=torch.tensor(0.9), beta=0.8, learn_alpha=True)
    noise = theirs.SSO()
    gradient = [torch.autograd.grad(noise(z := -torch.ones(3, requires_grad=True)).sum(), z)[0] for _ in "ab"]
    assert not torch.equal(*gradient), "the same call has another gradient"
