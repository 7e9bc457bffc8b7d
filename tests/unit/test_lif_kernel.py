"""The GPU kernel of LIF, in Triton's interpreter: the numbers of the step loop, forward and backward."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from itertools import product
from types import ModuleType
from typing import TypeAlias

import pytest
import torch
from torch import Tensor

from snnbench.components.neurons.lif import LIF
from snnbench.components.neurons.reset import Reset
from snnbench.engine import eager
from snnbench.models import make_surrogate

pytest.importorskip("triton", reason="this build of torch has no Triton")

Pair: TypeAlias = tuple[Tensor, Tensor]

MODULE = "snnbench.components.neurons.lif_kernel"
SURROGATES = (
    "atan(alpha=2)",
    "fast_sigmoid(slope=5)",
    "sigmoid(slope=4)",
    "triangular(width=0.7)",
    "boxcar(width=0.6)",
    "superspike(beta=3)",
    "straight_through",
)
MODES = list(product(("subtract", "zero", "none"), (True, False), (True, False)))
STEPS, BATCH, WIDTH = 5, 3, 47  # more neurons than a program holds, and not a multiple of them


@pytest.fixture(scope="module")
def kernel() -> Iterator[ModuleType]:
    """The kernel's module, interpreted on the CPU."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_INTERPRET", "1")
        patch.delitem(sys.modules, MODULE, raising=False)
        yield importlib.import_module(MODULE)
    sys.modules.pop(MODULE, None)


@pytest.mark.parametrize(("index", "mode"), list(enumerate(MODES)))
def test_kernel_equals_the_step_loop(kernel: ModuleType, index: int, mode: tuple[Reset, bool, bool]) -> None:
    reset, delay, detach = mode
    for text in SURROGATES[index % 3 :: 3] if index else SURROGATES:
        surrogate = make_surrogate(text)
        lif = LIF(
            (WIDTH,), surrogate, torch.Generator(), beta=0.9, threshold=0.8,
            reset=reset, reset_delay=delay, detach_reset=detach,
        )  # fmt: skip
        noise = torch.Generator().manual_seed(index)

        def random(*shape: int, noise: torch.Generator = noise) -> Tensor:
            return torch.randn(*shape, generator=noise, dtype=torch.float64)

        x, start = random(STEPS, BATCH, WIDTH), random(BATCH, WIDTH)
        cotangents = random(STEPS, BATCH, WIDTH), random(BATCH, WIDTH)
        expected = _run(lambda x, u, lif=lif: _loop(lif, x, u), x, start, cotangents)
        fused = kernel.of(lif)
        actual = _run(lambda x, u, run=fused: _flat(*run(x, (u,))), x, start, cotangents)
        for one, other in zip(actual, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-7, atol=1e-7, msg=lambda m, t=text: f"{t}: {m}")


def _flat(outputs: Tensor, state: tuple[Tensor, ...]) -> Pair:
    return outputs, state[0]


def _loop(lif: LIF, x: Tensor, start: Tensor) -> Pair:
    return _flat(*eager.run(lif.step, x, (start,)))


def _run(
    run: Callable[[Tensor, Tensor], Pair], x: Tensor, start: Tensor, cotangents: Pair
) -> tuple[Tensor, ...]:
    """Outputs, last state and the gradients of both inputs."""
    x, start = x.clone().requires_grad_(), start.clone().requires_grad_()
    outputs = run(x, start)
    return *outputs, *torch.autograd.grad(outputs, (x, start), cotangents)
