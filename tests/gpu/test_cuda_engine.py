"""The compiled engine on a CUDA device: loops as Triton kernels, and compiled chunks; the same as eager."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor

from snnbench.compiler.agreement import disagreement
from snnbench.compiler.cuda_graphs import AFTER
from snnbench.compiler.engine import Compiled
from snnbench.compiler.loop import Loop
from snnbench.compiler.program import UnsupportedStepError
from snnbench.components import neurons as listing
from snnbench.core.eager import EAGER
from snnbench.core.network import Network
from snnbench.factory.make import make_network, make_neuron
from snnbench.settings import Budget

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")]

STEPS, BATCH, WIDTH = 20, 5, 300
MODES = list(product(("subtract", "zero", "none"), ("true", "false"), ("true", "false")))
SURROGATES = ("atan", "fast_sigmoid(slope=5)", "sigmoid(slope=4)", "triangular", "boxcar", "straight_through")


def drive(*shape: int) -> Tensor:
    noise = torch.Generator("cuda").manual_seed(0)
    return 0.5 * torch.randn(shape, generator=noise, device="cuda")


@pytest.mark.parametrize(("reset", "delay", "detach"), MODES)
def test_the_loop_of_lif_equals_its_step(reset: str, delay: str, detach: str) -> None:
    for surrogate in SURROGATES:
        text = f"lif(beta=0.9, reset={reset}, reset_delay={delay}, detach_reset={detach})"
        lif = make_neuron(text, (WIDTH,), surrogate=surrogate, device="cuda")
        x, start = drive(STEPS, BATCH, WIDTH), drive(BATCH, WIDTH)
        loop = Loop(lif, x, (start,))
        assert disagreement(lif, x, (start,), EAGER.run, loop.run) == "", surrogate


@pytest.mark.parametrize("name", [spec.name for spec in listing.SPECS if spec.states])
def test_the_loop_of_every_neuron_equals_its_step(name: str) -> None:
    neuron = make_neuron(name, (WIDTH,), surrogate="atan", device="cuda")
    x = 2 * drive(STEPS, BATCH, WIDTH)
    state = neuron.initial_state(x[0])
    try:
        loop = Loop(neuron, x, state)
    except UnsupportedStepError:
        assert name in {"rlif", "gru", "lstm"}
        return
    assert disagreement(neuron, x, state, EAGER.run, loop.run) == ""


@pytest.mark.parametrize("units", [64, 2**18])
def test_narrow_and_wide_populations(units: int) -> None:
    lif = make_neuron("lif(learn_beta=true)", (units,), surrogate="atan", device="cuda")
    x = drive(STEPS, 1, units)
    state = lif.initial_state(x[0])
    assert disagreement(lif, x, state, EAGER.run, Loop(lif, x, state).run) == ""


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
def test_the_membrane_stays_in_single_precision_for_half_precision_input(half: torch.dtype) -> None:
    lif = make_neuron("lif", (WIDTH,), surrogate="atan", device="cuda")
    x, start = drive(STEPS, BATCH, WIDTH).to(half), drive(BATCH, WIDTH)
    assert disagreement(lif, x, (start,), EAGER.run, Loop(lif, x, (start,)).run) == ""
    spikes, (last,) = Loop(lif, x, (start,)).run(lif, x, (start,))
    expected, (expected_last,) = EAGER.run(lif, x, (start,))
    assert (spikes.dtype, last.dtype) == (expected.dtype, torch.float32)
    torch.testing.assert_close(last, expected_last, rtol=1e-3, atol=1e-3)


def test_under_autocast_a_compiled_network_gives_what_eager_gives() -> None:
    network = make_network("dense(hidden=[64])", (40,), 10, neuron="lif", surrogate="atan").cuda()
    x = (drive(STEPS, BATCH, 40) > 0.5).float()
    with torch.autocast("cuda", torch.bfloat16):
        expected = network(x)
        engine = Compiled(5)
        logits = network.run_by(engine)(x)
    assert engine.refusal == ""
    torch.testing.assert_close(logits, expected, rtol=2e-2, atol=2e-2)


@pytest.mark.parametrize("neuron", ["lif", "rlif", "synaptic", "alif", "lif(learn_beta=true)"])
def test_a_compiled_network_gives_the_logits_and_gradients_of_eager(neuron: str) -> None:
    network = make_network("dense(hidden=[64,32])", (40,), 10, neuron=neuron, surrogate="atan").cuda()
    x = (drive(STEPS, BATCH, 40) > 0.5).float()
    expected = network(x)
    gradients = torch.autograd.grad(expected.sum(), list(network.parameters()))
    engine = Compiled(5)
    logits = network.run_by(engine)(x)
    assert engine.refusal == ""
    torch.testing.assert_close(logits, expected, rtol=1e-3, atol=1e-3)
    for one, other in zip(
        torch.autograd.grad(logits.sum(), list(network.parameters())), gradients, strict=True
    ):
        torch.testing.assert_close(one, other, rtol=1e-2, atol=1e-3)


def graphed(network: Network, x: Tensor, engine: Compiled) -> None:
    """Call until the run over time is captured."""
    for _ in range(AFTER + 2):
        network(x).sum().backward()
        with torch.no_grad():
            network(x)
    graphs = [graph for one in network.neurons for graph in engine._graphs._graphs[one].values()]
    assert len(graphs) == 2
    assert None not in graphs


@pytest.fixture
def recurrent() -> tuple[Network, Network, Compiled]:
    """The same network twice, eager and by graphs of chunks."""
    made = [
        make_network("dense(hidden=[64])", (40,), 10, neuron="rlif", surrogate="atan").cuda() for _ in "ab"
    ]
    made[1].load_state_dict(made[0].state_dict())
    engine = Compiled(5)
    made[1].run_by(engine)
    graphed(made[1], spikes(0), engine)
    assert engine.refusal == ""
    return made[0], made[1], engine


def spikes(seed: int) -> Tensor:
    noise = torch.Generator("cuda").manual_seed(seed)
    return (torch.rand(STEPS, BATCH, 40, generator=noise, device="cuda") > 0.7).float()


def gradients(network: Network, logits: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(logits.square().sum(), list(network.parameters())))


def same(one: list[Tensor], other: list[Tensor]) -> None:
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-2, atol=1e-3)


def test_a_captured_run_is_that_of_eager_for_other_inputs(
    recurrent: tuple[Network, Network, Compiled],
) -> None:
    eager, compiled, _ = recurrent
    for seed in (1, 2):
        expected, got = eager(spikes(seed)), compiled(spikes(seed))
        torch.testing.assert_close(got, expected, rtol=1e-3, atol=1e-3)
        same(gradients(compiled, got), gradients(eager, expected))
        with torch.no_grad():
            torch.testing.assert_close(compiled(spikes(seed)), eager(spikes(seed)), rtol=1e-3, atol=1e-3)


def test_two_forward_passes_before_their_backward_passes(
    recurrent: tuple[Network, Network, Compiled],
) -> None:
    eager, compiled, _ = recurrent
    expected, got = [eager(spikes(s)) for s in (1, 2)], [compiled(spikes(s)) for s in (1, 2)]
    for i in (0, 1):
        torch.testing.assert_close(got[i], expected[i], rtol=1e-3, atol=1e-3)
        same(gradients(compiled, got[i]), gradients(eager, expected[i]))


def test_parameters_that_move_or_change_are_read_as_they_are(
    recurrent: tuple[Network, Network, Compiled],
) -> None:
    eager, compiled, _ = recurrent
    with torch.no_grad():
        for one, other in zip(eager.parameters(), compiled.parameters(), strict=True):
            one.mul_(1.5)
            other.mul_(1.5)
    same(gradients(compiled, compiled(spikes(1))), gradients(eager, eager(spikes(1))))
    for other in compiled.parameters():
        other.data = other.data.clone() * 0.5
    with torch.no_grad():
        for one in eager.parameters():
            one.mul_(0.5)
    same(gradients(compiled, compiled(spikes(1))), gradients(eager, eager(spikes(1))))


def test_gradients_add_up_over_backward_passes(recurrent: tuple[Network, Network, Compiled]) -> None:
    found = []
    for network in recurrent[:2]:
        network.zero_grad()
        for seed in (1, 2, 3):
            network(spikes(seed)).square().sum().backward()
        found.append([p.grad for p in network.parameters() if p.grad is not None])
    same(found[1], found[0])


def test_windows_around_captured_runs() -> None:
    found = []
    for engine in ("eager", "compiled"):
        network = make_network(
            "dense(hidden=[64])", (40,), 10, neuron="rlif", surrogate="atan", engine=engine
        )
        network.cuda().spend(Budget(checkpoint=10))
        for seed in range(AFTER + 3):
            network.zero_grad()
            network(spikes(seed)).square().sum().backward()
        found.append([p.grad for p in network.parameters() if p.grad is not None])
    same(found[1], found[0])
