"""The eager engine against a bare loop of the same LIF. Run it: ``python docs/benchmarks/bare_loop.py``.

The bare loop is what a person would write by hand: one spike function with a backward pass, the spikes of a
step kept for the reset of the next. Both train and infer the network 700-256-20 (T = 100, B = 64) in turns,
so that the ratio holds on a machine whose speed drifts. Nothing else should be running.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median, quantiles
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

import snnbench

STEPS, BATCH, INPUTS, HIDDEN, CLASSES = 100, 64, 700, 256, 20
BETA, THRESHOLD, SLOPE = 0.95, 1.0, 25.0


class Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        ctx.save_for_backward(z)
        return (z > 0).to(z.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (z,) = ctx.saved_tensors
        return gradients[0] * (1 + SLOPE * z.abs()).reciprocal().square()


class Bare(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(INPUTS, HIDDEN), nn.Linear(HIDDEN, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.inner(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        u, s, spikes = torch.zeros_like(x[0]), torch.zeros_like(x[0]), []
        for x_t in x.unbind(0):
            u = BETA * u - THRESHOLD * s + x_t
            s = Spike.apply(u - THRESHOLD)
            spikes.append(s)
        logits: Tensor = self.outer(torch.stack(spikes).sum(0))
        return logits


def training(network: nn.Module, x: Tensor, y: Tensor) -> Callable[[], None]:
    """Return a function that takes one training step."""
    optimiser = torch.optim.Adam(network.parameters())

    def step() -> None:
        optimiser.zero_grad()
        cross_entropy(network(x), y).backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    return step


def inference(network: nn.Module, x: Tensor, y: Tensor) -> Callable[[], None]:
    """Return a function that infers one batch; ``y`` is not used."""

    def step() -> None:
        with torch.no_grad():
            network(x)

    return step


def seconds(call: Callable[[], None]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    generator = torch.Generator().manual_seed(0)
    x = (torch.rand(STEPS, BATCH, INPUTS, generator=generator) < 0.03).float()
    y = torch.randint(CLASSES, (BATCH,), generator=generator)
    network = f"dense(hidden=[{HIDDEN}])"
    ours = snnbench.make_network(network, (INPUTS,), CLASSES, neuron="lif", surrogate="fast_sigmoid")
    for name, make in (("training", training), ("inference", inference)):
        calls = [make(one, x, y) for one in (ours, Bare())]
        for call in calls * 3:
            call()
        ratios = []
        for _ in range(options.rounds):
            ours_seconds, bare_seconds = (seconds(call) for call in calls)
            ratios.append(bare_seconds / ours_seconds)
        low, _, high = quantiles(ratios, n=4)
        print(f"{name}: {median(ratios):.2f} of the bare loop's rate (quartiles {low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
