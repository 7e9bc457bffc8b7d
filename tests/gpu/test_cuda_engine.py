"""The compiled engine on a CUDA device: LIF by its kernel, others by compiled chunks; the same as eager."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor

from snnbench.engine.agreement import disagreement
from snnbench.engine.compiled import Compiled
from snnbench.engine.eager import EAGER, State, Stepping
from snnbench.models import make_network, make_neuron

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")]

STEPS, BATCH, WIDTH = 20, 5, 300
MODES = list(product(("subtract", "zero", "none"), ("true", "false"), ("true", "false")))
SURROGATES = ("atan", "fast_sigmoid(slope=5)", "sigmoid(slope=4)", "triangular", "boxcar", "straight_through")


def drive(*shape: int) -> Tensor:
    noise = torch.Generator("cuda").manual_seed(0)
    return 0.5 * torch.randn(shape, generator=noise, device="cuda")


@pytest.mark.parametrize(("reset", "delay", "detach"), MODES)
def test_the_kernel_of_lif_equals_its_step(reset: str, delay: str, detach: str) -> None:
    for surrogate in SURROGATES:
        text = f"lif(beta=0.9, reset={reset}, reset_delay={delay}, detach_reset={detach})"
        lif = make_neuron(text, (WIDTH,), surrogate=surrogate, device="cuda")
        x, start = drive(STEPS, BATCH, WIDTH), drive(BATCH, WIDTH)
        kernel = lif.kernel(x)
        assert kernel is not None, surrogate

        def by_kernel(neuron: Stepping, x: Tensor, state: State) -> tuple[Tensor, State]:
            made = neuron.kernel(x)
            assert made is not None
            return made(x, state)

        assert disagreement(lif, x, (start,), EAGER.run, by_kernel) == "", surrogate


def test_the_membrane_stays_in_single_precision_for_half_precision_input() -> None:
    lif = make_neuron("lif", (WIDTH,), surrogate="atan", device="cuda")
    x, start = drive(STEPS, BATCH, WIDTH).half(), drive(BATCH, WIDTH)
    kernel = lif.kernel(x)
    assert kernel is not None
    spikes, (last,) = kernel(x, (start,))
    expected, (expected_last,) = EAGER.run(lif, x.float(), (start,))
    assert (spikes.dtype, last.dtype) == (torch.float16, torch.float32)
    assert float((spikes.float() != expected).float().mean()) < 1e-4
    torch.testing.assert_close(last, expected_last, rtol=1e-3, atol=1e-3)


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
