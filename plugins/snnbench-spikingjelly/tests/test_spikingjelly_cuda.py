"""SpikingJelly's kernels on a CUDA device: all steps at once against the loop of steps."""

from __future__ import annotations

import pytest
import torch
from spikingjelly.activation_based import functional
from spikingjelly.activation_based import surrogate as jelly

from snnbench import LibrarySurrogate
from snnbench_spikingjelly import NEURONS

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")]

WITH_KERNELS = {
    "if_node": "if",
    "lif_node": "lif",
    "parametric_lif_node": "plif",
    "qif_node": "qif",
    "eif_node": "eif",
    "izhikevich_node": "izhikevich",
}


@pytest.mark.parametrize("name", WITH_KERNELS)
def test_the_kernels_are_the_loop(name: str) -> None:
    spec = next(spec for spec in NEURONS if spec.name == name)
    surrogate = LibrarySurrogate(jelly.ATan, alpha=2.0)
    neuron = spec.load()((256,), surrogate, torch.Generator(), **spec.resolve(())).to("cuda")
    generator = torch.Generator("cuda").manual_seed(1)
    x = (2 * torch.randn(32, 8, 256, device="cuda", generator=generator)).requires_grad_()
    y, state = neuron(x)
    held, rows = neuron.initial_state(x[0]), []
    for x_t in x:
        y_t, held = neuron.step(x_t, held)
        rows.append(y_t)
    loop = torch.stack(rows)
    assert 0.01 < float(y.detach().mean()) < 0.9
    assert float((y != loop).float().mean()) < 1e-4, "a membrane within rounding of the threshold"
    if torch.equal(y, loop):
        torch.testing.assert_close(state, held, rtol=1e-4, atol=1e-5)
        (ours,), (expected,) = torch.autograd.grad(y.sum(), x), torch.autograd.grad(loop.sum(), x)
        torch.testing.assert_close(ours, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("kind", WITH_KERNELS.values())
def test_a_kernel_of_spikingjelly_is_chosen(kind: str) -> None:
    chosen = functional.neuron_implementation(kind, torch.device("cuda"))["implementation"]
    assert "torch" not in str(chosen), f"SpikingJelly chose {chosen}"
