"""Our neurons against snntorch 1.0.0, step by step, forward and backward.

snntorch detaches every reset, so ours run with ``detach_reset=True`` unless a test says otherwise. Its
own surrogates cast spikes to float32: with them gradients agree to 5e-6; handed one of ours, fully.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import product
from typing import Any

import pytest
import torch
from parity import BACKWARD, WIDTH, assert_same, drive, gradients, largest_difference, trajectory
from torch import Tensor, nn

from snnbench.components.neurons.alpha import Alpha
from snnbench.components.neurons.lapicque import Lapicque
from snnbench.components.neurons.lif import LIF
from snnbench.components.neurons.reset import Reset
from snnbench.components.neurons.rlif import RLIF
from snnbench.components.neurons.synaptic import Synaptic
from snnbench.components.surrogates.atan import ATan
from snnbench.components.surrogates.fast_sigmoid import FastSigmoid

snn: Any = import_module("snntorch")
quant: Any = import_module("snntorch.functional.quant")

RESETS = ("subtract", "zero", "none")
GENERATOR = torch.Generator().manual_seed(5)


def f64(value: float | Tensor) -> Tensor:
    return torch.as_tensor(value, dtype=torch.float64).detach().clone()


def run(
    layer: nn.Module, x: Tensor, states: int, recurrent: bool = False, first: Tensor | None = None
) -> list[Tensor]:
    """Spikes and states of an snntorch layer; a recurrent one takes its own spikes as well."""
    carried = [torch.zeros_like(x[0]) for _ in range(states + recurrent)]
    if first is not None:
        carried[0] = first
    rows = []
    for x_t in x:
        row = layer(x_t, *carried)
        carried = row[not recurrent :]
        rows.append(row)
    return [torch.stack(column) for column in zip(*rows, strict=True)]


@pytest.mark.parametrize("reset", RESETS)
def test_lif_is_leaky(reset: str) -> None:
    x = drive()
    ours = LIF((WIDTH,), ATan(), GENERATOR, beta=0.9, threshold=0.7, reset=reset, detach_reset=True)  # type: ignore[arg-type]
    theirs = snn.Leaky(beta=f64(0.9), threshold=f64(0.7), spike_grad=ATan(), reset_mechanism=reset)
    assert_same(trajectory(ours, x), run(theirs, x, 1), [x])


@pytest.mark.parametrize("per_neuron", [False, True])
@pytest.mark.parametrize("reset", RESETS)
def test_learnable_lif_is_learnable_leaky(reset: str, per_neuron: bool) -> None:
    x = drive()
    ours = LIF(
        (WIDTH,),
        ATan(),
        GENERATOR,
        beta=0.9,
        threshold=0.7,
        reset=reset,  # type: ignore[arg-type]
        detach_reset=True,
        learn_beta=True,
        learn_threshold=True,
        per_neuron=per_neuron,
    ).double()
    assert isinstance(ours.beta, nn.Parameter)
    assert isinstance(ours.threshold, nn.Parameter)
    if per_neuron:
        ours.beta.data += torch.linspace(-0.1, 0.09, WIDTH)
        ours.threshold.data += torch.linspace(-0.2, 0.2, WIDTH)
    theirs = snn.Leaky(
        beta=f64(ours.beta),
        threshold=f64(ours.threshold),
        spike_grad=ATan(),
        reset_mechanism=reset,
        learn_beta=True,
        learn_threshold=True,
    )
    wrt = [x, ours.beta, ours.threshold], [x, theirs.beta, theirs.threshold]
    assert_same(trajectory(ours, x), run(theirs, x, 1), *wrt)


@pytest.mark.parametrize("reset", ["zero", "none"])
def test_lif_without_delay_is_leaky_without_delay(reset: str) -> None:
    """This reset is the one that snntorch does not detach."""
    x = drive()
    ours = LIF((WIDTH,), ATan(), GENERATOR, beta=0.9, reset=reset, reset_delay=False)  # type: ignore[arg-type]
    theirs = snn.Leaky(beta=f64(0.9), spike_grad=ATan(), reset_mechanism=reset, reset_delay=False)
    assert_same(trajectory(ours, x), run(theirs, x, 1), [x])


@contextmanager
def float64() -> Iterator[None]:
    """The levels of snntorch's quantisation are made in the default dtype."""
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


def quantised() -> dict[str, Any]:
    return {"state_quant": quant.state_quant(num_bits=5, threshold=1.0, lower_limit=0.5, upper_limit=0.4)}


OPTIONS: dict[str, tuple[dict[str, Any], Any]] = {
    "plain": ({}, dict),
    "inhibition": ({"inhibition": True}, lambda: {"inhibition": True}),
    "quantised": ({"state_bits": 5, "state_range": (-1.5, 1.4)}, quantised),
    "scaled": ({"graded_spikes_factor": 1.5}, lambda: {"graded_spikes_factor": f64(1.5)}),
    "quantised, scaled": (
        {"state_bits": 5, "state_range": (-1.5, 1.4), "graded_spikes_factor": 1.5},
        lambda: quantised() | {"graded_spikes_factor": f64(1.5)},
    ),
}
"""Ours, and the original's. Where both inhibit and scale, the original forgets to scale."""
DECAYS = {
    "lif": {"beta": 0.85},
    "synaptic": {"alpha": 0.4, "beta": 0.8},
    "alpha": {"alpha": 0.85, "beta": 0.6},
    "lapicque": {},
}
KINDS: dict[str, Any] = {
    "lif": (LIF, snn.Leaky),
    "synaptic": (Synaptic, snn.Synaptic),
    "lapicque": (Lapicque, snn.Lapicque),
    "alpha": (Alpha, snn.Alpha),
}


def absent(kind: str, reset: str, options: str, delay: bool, learned: bool) -> bool:
    """Whether the original has no such combination, or another one (docs/equivalence.md says which)."""
    if kind in {"lapicque", "alpha"} and (not delay or learned or "scaled" in options):
        return True
    if kind == "alpha" and ("quantised" in options or reset == "subtract"):
        return True
    return not delay and (reset == "subtract" or (options == "inhibition" and reset == "zero"))


COMBINED = [
    one
    for one in product(KINDS, RESETS, OPTIONS, (True, False), (False, True))
    if not absent(*one)  # type: ignore[arg-type]
]


@pytest.mark.filterwarnings("ignore:Inhibition is an unstable")
@pytest.mark.parametrize(("kind", "reset", "options", "delay", "learned"), COMBINED)
def test_options_are_those_of_the_original(
    kind: str, reset: str, options: str, delay: bool, learned: bool
) -> None:
    """All combinations; where the reset is not delayed it is attached there, and here."""
    x = drive(0.1, 0.5)
    mine, original = OPTIONS[options]
    common: dict[str, Any] = {"threshold": 0.9, "reset": reset, "detach_reset": delay}
    given: dict[str, Any] = {"threshold": f64(0.9), "reset_mechanism": reset, "spike_grad": ATan()}
    names = [*DECAYS[kind], "threshold"]
    if kind in {"lif", "synaptic"}:
        both = {"reset_delay": delay} | {f"learn_{name}": learned for name in names}
        common, given = common | both, given | both
    if kind == "lapicque":
        common |= {"resistance": 4.0, "capacitance": 0.5}
        given |= {"R": f64(4), "C": f64(0.5)}
    with float64():
        ours = KINDS[kind][0]((WIDTH,), ATan(), GENERATOR, **common, **DECAYS[kind], **mine)
        held = {name: f64(value) for name, value in DECAYS[kind].items()}
        more = original()
        factor = more.pop("graded_spikes_factor", None) if kind == "synaptic" else None
        theirs = KINDS[kind][1](**given, **held, **more)
        if factor is not None:  # its base class has the factor, its own arguments do not
            theirs.graded_spikes_factor = factor
    rows = trajectory(ours, x)
    if kind == "alpha":
        rows.append(ours.membrane(rows[1:]))
    wrt, other = [x], [x]
    if learned:
        wrt = [x, *(getattr(ours, name) for name in names)]
        other = [x, *(getattr(theirs, name) for name in names)]
    assert_same(rows, run(theirs, x, len(rows) - 1), wrt, other)


def test_inhibition_and_a_factor_together_are_both_obeyed() -> None:
    """Leaky's inhibited spikes are of size 1 whatever the factor."""
    x = drive(0.1, 0.5)
    options: dict[str, Any] = {"beta": 0.85, "inhibition": True, "detach_reset": True}
    ours = trajectory(LIF((WIDTH,), ATan(), GENERATOR, **options, graded_spikes_factor=1.5), x)
    plain = trajectory(LIF((WIDTH,), ATan(), GENERATOR, **options), x)
    assert set(ours[0].detach().unique().tolist()) == {0.0, 1.5}
    assert float(ours[0].detach().sum(-1).max()) == 1.5, "one of a sample at a time"
    torch.testing.assert_close(ours[0], 1.5 * plain[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = snn.Leaky(beta=f64(0.85), spike_grad=ATan(), inhibition=True, graded_spikes_factor=f64(1.5))
    assert set(run(theirs, x, 1)[0].detach().unique().tolist()) == {0.0, 1.0}


def test_lif_subtracting_without_delay_is_leaky_up_to_twice_the_threshold() -> None:
    x = drive(0.1, 0.35)
    ours = LIF((WIDTH,), ATan(), GENERATOR, beta=0.9, reset_delay=False)
    theirs = snn.Leaky(beta=f64(0.9), spike_grad=ATan(), reset_delay=False)
    mine = trajectory(ours, x)
    assert float(mine[1].detach().max()) < 1, "the case must stay below"
    assert_same(mine, run(theirs, x, 1), [x])


def test_leaky_without_delay_misses_spikes_above_twice_the_threshold() -> None:
    """A kick of 2.5 leaves 1.5, above θ: the original then compares with 2θ, and is silent at 1.25."""
    x = torch.tensor([2.5, 0.5, 0.0], dtype=torch.float64).reshape(3, 1, 1)
    ours = trajectory(LIF((1,), ATan(), GENERATOR, beta=0.5, reset_delay=False), x)
    theirs = run(snn.Leaky(beta=f64(0.5), spike_grad=ATan(), reset_delay=False), x, 1)
    assert ours[0].flatten().tolist() == [1, 1, 0]
    assert ours[1].flatten().tolist() == [1.5, 0.25, 0.125]
    assert theirs[0].flatten().tolist() == [1, 0, 0]
    assert theirs[1].flatten().tolist() == [1.5, 1.25, 0.625]


@pytest.mark.parametrize("reset", RESETS)
def test_synaptic_is_synaptic(reset: str) -> None:
    x = drive(0.1, 0.4)
    ours = Synaptic(
        (WIDTH,),
        ATan(),
        GENERATOR,
        alpha=0.6,
        beta=0.9,
        threshold=1.2,
        reset=reset,  # type: ignore[arg-type]
        detach_reset=True,
    )
    theirs = snn.Synaptic(
        alpha=f64(0.6), beta=f64(0.9), threshold=f64(1.2), spike_grad=ATan(), reset_mechanism=reset
    )
    assert_same(trajectory(ours, x), run(theirs, x, 2), [x])


@pytest.mark.parametrize("per_neuron", [False, True])
@pytest.mark.parametrize("reset", RESETS)
def test_learnable_synaptic_is_learnable_synaptic(reset: str, per_neuron: bool) -> None:
    x = drive(0.1, 0.4)
    ours = Synaptic(
        (WIDTH,),
        ATan(),
        GENERATOR,
        alpha=0.6,
        beta=0.9,
        threshold=1.2,
        reset=reset,  # type: ignore[arg-type]
        detach_reset=True,
        learn_alpha=True,
        learn_beta=True,
        learn_threshold=True,
        per_neuron=per_neuron,
    ).double()
    names = ("alpha", "beta", "threshold")
    theirs = snn.Synaptic(
        **{name: f64(getattr(ours, name)) for name in names},
        spike_grad=ATan(),
        reset_mechanism=reset,
        learn_alpha=True,
        learn_beta=True,
        learn_threshold=True,
    )
    wrt = [x, *(getattr(ours, name) for name in names)], [x, *(getattr(theirs, name) for name in names)]
    assert_same(trajectory(ours, x), run(theirs, x, 2), *wrt)


def linear(weight: Tensor) -> nn.Linear:
    layer = nn.Linear(WIDTH, WIDTH, dtype=torch.float64)
    layer.weight.data.copy_(weight)
    layer.bias.data.zero_()
    return layer


@pytest.mark.parametrize("synapse", [False, True])
def test_rlif_is_rleaky_and_rsynaptic_without_synapse(synapse: bool) -> None:
    """Theirs with the recurrent bias at 0; RSynaptic with α = 0, where its current has no memory."""
    x = drive()
    ours = RLIF(
        (WIDTH,),
        ATan(),
        torch.Generator().manual_seed(5),
        beta=0.7,
        rec_strength=0.5,
        rec_init_scale=0.8,  # gradients of order 1: larger ones cannot agree to 1e-8
        detach_reset=True,
    ).double()
    if synapse:
        theirs = snn.RSynaptic(alpha=f64(0), beta=f64(0.7), linear_features=WIDTH, spike_grad=ATan())
    else:
        theirs = snn.RLeaky(beta=f64(0.7), linear_features=WIDTH, spike_grad=ATan())
    theirs.recurrent = linear(0.5 * ours.weight)
    spikes, *states = run(theirs, x, 1 + synapse, recurrent=True)
    mine = trajectory(ours, x)
    assert_same(mine, [spikes, states[-1]], [x])
    (ours_by_weight,) = gradients(mine, [ours.weight])
    (theirs_by_weight,) = gradients([spikes, states[-1]], [theirs.recurrent.weight])
    assert largest_difference([ours_by_weight], [0.5 * theirs_by_weight]) <= BACKWARD


@pytest.mark.filterwarnings("ignore:Inhibition is an unstable")
@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize("options", ["plain", "inhibition", "quantised", "scaled"])
@pytest.mark.parametrize(
    ("reset", "delay"), [*((reset, True) for reset in RESETS), ("zero", False), ("none", False)]
)
def test_rlif_is_rleaky_with_its_options(reset: str, delay: bool, options: str, learned: bool) -> None:
    if options == "inhibition" and reset == "zero" and not delay:
        pytest.skip("it wipes who was inhibited one step later, see docs/equivalence.md")
    x = drive()
    mine, original = OPTIONS[options]
    with float64():
        ours = RLIF(
            (WIDTH,),
            ATan(),
            torch.Generator().manual_seed(5),
            beta=0.7,
            threshold=0.8,
            rec_strength=0.5,
            rec_init_scale=0.4,
            reset=reset,  # type: ignore[arg-type]
            reset_delay=delay,
            detach_reset=delay,
            learn_beta=learned,
            learn_threshold=learned,
            **mine,
        )
        theirs = snn.RLeaky(
            beta=f64(0.7),
            threshold=f64(0.8),
            linear_features=WIDTH,
            spike_grad=ATan(),
            reset_mechanism=reset,
            reset_delay=delay,
            learn_beta=learned,
            learn_threshold=learned,
            **({} if options == "scaled" else original()),
        )
        if options == "scaled":  # its base class has the factor, its own arguments do not
            theirs.graded_spikes_factor = f64(1.5)
    theirs.recurrent = linear(0.5 * ours.weight)
    wrt, other = [x], [x]
    if learned:
        wrt, other = [x, ours.beta, ours.threshold], [x, theirs.beta, theirs.threshold]  # type: ignore[list-item]
    u = torch.zeros_like(x[0])
    first = ours.scaled(
        ours.allowed(ATan()(u - theirs.threshold), u)
    )  # ours has the slope of a spike at rest
    theirs_rows = run(theirs, x, 1, recurrent=True, first=first if delay else None)
    assert_same(trajectory(ours, x)[:2], theirs_rows, wrt, other)


def test_with_the_surrogate_of_snntorch_only_its_float32_spikes_differ() -> None:
    x = drive()
    ours = LIF((WIDTH,), FastSigmoid(25), GENERATOR, beta=0.9, detach_reset=True)
    theirs = snn.Leaky(beta=f64(0.9), spike_grad=snn.surrogate.fast_sigmoid(slope=25))
    spikes, membrane = run(theirs, x, 1)
    assert spikes.dtype == torch.float32
    assert_same(trajectory(ours, x), [spikes, membrane], [x], backward=5e-6)


def test_an_attached_reset_has_another_gradient() -> None:
    """Our default, ``detach_reset=False``, is the same trajectory and not the same training."""
    x = drive()
    theirs = run(snn.Leaky(beta=f64(0.9), spike_grad=ATan()), x, 1)
    ours = trajectory(LIF((WIDTH,), ATan(), GENERATOR, beta=0.9), x)
    assert largest_difference(ours, theirs) <= 1e-10
    with pytest.raises(AssertionError):
        assert_same(ours, theirs, [x])


@pytest.mark.parametrize("reset", ["zero", "none"])
def test_alpha_is_alpha(reset: str) -> None:
    x = drive(0.3, 0.9)
    ours = Alpha((WIDTH,), ATan(), GENERATOR, alpha=0.85, beta=0.7, reset=reset, detach_reset=True)  # type: ignore[arg-type]
    theirs = snn.Alpha(alpha=f64(0.85), beta=f64(0.7), spike_grad=ATan(), reset_mechanism=reset)
    spikes, e, i = trajectory(ours, x)
    assert_same([spikes, e, i, ours.scale * (e + i)], run(theirs, x, 3), [x])


def test_alpha_subtracts_theta_where_the_original_adds_the_inhibitory_trace() -> None:
    """Two neurons alike up to the first spike; the step after it, u with a reset minus u without."""
    x = torch.full((12, 1, 1), 0.9, dtype=torch.float64)

    def effect(with_reset: list[Tensor], without: list[Tensor]) -> float:
        after = int(with_reset[0].flatten().nonzero()[0]) + 1
        return float((with_reset[-1] - without[-1])[after])

    def ours(reset: Reset) -> list[Tensor]:
        neuron = Alpha((1,), ATan(), GENERATOR, reset=reset)
        spikes, e, i = trajectory(neuron, x)
        return [spikes, neuron.scale * (e + i)]

    def theirs(reset: Reset) -> list[Tensor]:
        return run(snn.Alpha(alpha=f64(0.9), beta=f64(0.8), spike_grad=ATan(), reset_mechanism=reset), x, 3)

    assert effect(ours("subtract"), ours("none")) == pytest.approx(-1, abs=1e-12)
    original = theirs("subtract")
    spike = int(original[0].flatten().nonzero()[0])
    assert effect(original, theirs("none")) == pytest.approx(float(original[2][spike]), abs=1e-12)
    assert float(original[2][spike + 1]) == 0, "and the inhibitory trace is wiped, the step's input included"


@pytest.mark.parametrize("reset", RESETS)
def test_lapicque_is_lapicque(reset: str) -> None:
    x = drive(1.0, 4.0)
    ours = Lapicque(
        (WIDTH,),
        ATan(),
        GENERATOR,
        resistance=4.0,
        capacitance=2.5,
        dt=0.7,
        threshold=1.1,
        reset=reset,  # type: ignore[arg-type]
        detach_reset=True,
    )
    theirs = snn.Lapicque(
        R=f64(4),
        C=f64(2.5),
        time_step=f64(0.7),
        threshold=f64(1.1),
        spike_grad=ATan(),
        reset_mechanism=reset,
    )
    assert_same(trajectory(ours, x), run(theirs, x, 1), [x])


def test_lapicque_of_the_original_does_not_decay_by_the_beta_it_is_given() -> None:
    """It turns β into RC = −dt/ln β and takes an Euler step of that, which decays by 1 + ln β."""
    x = torch.tensor([1.0, 0.0], dtype=torch.float64).reshape(2, 1, 1)
    membrane = run(snn.Lapicque(beta=f64(0.5), threshold=f64(9), spike_grad=ATan()), x, 1)[1].flatten()
    assert float(membrane[1] / membrane[0]) == pytest.approx(1 + math.log(0.5), abs=1e-6)
    ours = trajectory(Lapicque((1,), ATan(), GENERATOR, resistance=1.0, capacitance=2.0), x)[1].flatten()
    assert float(ours[1] / ours[0]) == 0.5


def test_alpha_of_the_original_cannot_learn_alpha() -> None:
    with pytest.raises(TypeError, match="cannot assign"):
        snn.Alpha(alpha=f64(0.9), beta=f64(0.8), learn_alpha=True)


def test_rleaky_resetting_to_zero_wipes_the_input_where_leaky_keeps_it() -> None:
    """The same name for two rules, there and here."""
    x = torch.tensor([1.5, 0.5], dtype=torch.float64).reshape(2, 1, 1)
    options = {"beta": f64(0.5), "spike_grad": ATan(), "reset_mechanism": "zero"}
    alone = snn.RLeaky(V=f64(0), all_to_all=False, **options)
    assert run(alone, x, 1, recurrent=True)[1][1].item() == 0
    assert run(snn.Leaky(**options), x, 1)[1][1].item() == 0.5


def test_rleaky_not_all_to_all_has_one_weight_a_neuron_and_rlif_a_matrix() -> None:
    """The first of two neurons fires: there it tells itself alone, here the other one too."""
    x = torch.tensor([[1.5, 0.0], [0.0, 0.0]], dtype=torch.float64).reshape(2, 1, 2)
    own = f64(torch.tensor([0.25, 0.75]))
    theirs = run(snn.RLeaky(beta=f64(0.5), V=own, all_to_all=False, spike_grad=ATan()), x, 1, recurrent=True)
    ours = RLIF((2,), ATan(), torch.Generator().manual_seed(5), beta=0.5).double()
    weight = torch.tensor([[0.25, -0.5], [0.125, 0.75]], dtype=torch.float64)
    ours.weight.data.copy_(weight)
    assert theirs[1][1].flatten().tolist() == [0.5 * 1.5 + 0.25 - 1, 0]
    assert trajectory(ours, x)[1][1].flatten().tolist() == [0.5 * 1.5 + 0.25 - 1, 0.125]
