"""Measure the share of a GPU's copy bandwidth that LIF neurons move, beside SpikingJelly's kernels.

    python docs/benchmarks/bandwidth.py [FILE.csv]

A share is the least that must be moved (x and the spikes; for training also the membrane, written and read,
and both gradients) over the time of the population alone, by the rate of a large copy in the same process.
The time is that of the device: calls are captured and replayed, so that nobody's launches count.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor
from triton.testing import do_bench, do_bench_cudagraph

from snnbench.compiler.engine import Compiled
from snnbench.factory.make import make_neuron

SHAPES = [(32, 64 * 65_536), (100, 64 * 256), (500, 16 * 512), (500, 16 * 16_384), (16, 4_194_304)]
NEURONS = {
    "snnbench lif": "lif(beta=0.5, reset=zero, detach_reset=true)",
    "snnbench lif(learn_beta)": "lif(beta=0.5, reset=zero, detach_reset=true, learn_beta=true)",
    "snnbench synaptic": "synaptic",
    "spikingjelly lif_node": "snnbench-spikingjelly:lif_node"
    "(tau=2.0, decay_input=false, reset=zero, detach_reset=true)",
}
MOVED = {"inference": 2, "training": 6}
"""Tensors as large as the input that LIF moves at the least: x, s; then also u twice, and both gradients."""


def milliseconds(work: Callable[[], object]) -> float:
    """Return the device's time; where a call cannot be captured, by events around it."""
    try:
        return float(do_bench_cudagraph(work, rep=40, return_mode="median"))
    except RuntimeError:
        return float(do_bench(work, warmup=15, rep=60, return_mode="median"))


def copy_rate() -> float:
    """Bytes a second, read and written."""
    source = torch.empty(2**30, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    took = do_bench(lambda: target.copy_(source), return_mode="median")  # captured, another, slower one runs
    return 2 * source.numel() / float(took) * 1e3


def works(text: str, x: Tensor) -> Iterator[tuple[str, Callable[[], object]]]:
    neuron = make_neuron(text, x.shape[2:], surrogate="atan", device="cuda")
    neuron.engine = Compiled()
    cotangent, learned = torch.randn_like(x), x.clone().requires_grad_()

    def infer() -> None:
        with torch.no_grad():
            neuron(x)

    def train() -> None:
        torch.autograd.grad(neuron(learned)[0], learned, cotangent)

    infer()  # compiled and compared with eager before anything is captured
    train()
    yield "inference", infer
    yield "training", train


def rows() -> Iterator[dict[str, object]]:
    rate = copy_rate()
    sys.stdout.write(
        f"{torch.cuda.get_device_name()}, torch {torch.__version__}: a copy moves {rate / 1e12:.2f} TB/s\n"
    )
    noise = torch.Generator("cuda").manual_seed(0)
    for steps, units in SHAPES:
        x = 0.7 * torch.randn(steps, 1, units, device="cuda", generator=noise) + 0.2
        for name, text in NEURONS.items():
            for what, work in works(text, x):
                took = milliseconds(work)
                share = MOVED[what] * x.numel() * x.element_size() / took * 1e3 / rate
                yield {
                    "neuron": name, "steps": steps, "units": units, "what": what,
                    "milliseconds": round(took, 4), "share_of_copy": round(share, 3),
                    "copy_terabytes_per_second": round(rate / 1e12, 3),
                    "device": torch.cuda.get_device_name(), "torch": torch.__version__,
                }  # fmt: skip


def main() -> None:
    found = []
    for row in rows():
        told = (f"{value}" for key, value in row.items() if key not in {"device", "torch"})
        sys.stdout.write("\t".join(told) + "\n")
        sys.stdout.flush()
        found.append(row)
    if len(sys.argv) > 1:
        with Path(sys.argv[1]).open("w", newline="") as file:
            writer = csv.DictWriter(file, list(found[0]))
            writer.writeheader()
            writer.writerows(found)


if __name__ == "__main__":
    main()
