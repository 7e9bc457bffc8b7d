"""Check that a rate is possible: what a call must compute and move, against what the device can."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, partial

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d
from torch.utils.flop_counter import FlopCounterMode
from torch.utils.module_tracker import ModuleTracker

from snnbench.measure.stopwatch import Stopwatch, Work, stopwatch_for

MARGIN = 1.5
"""A rate is refused from this multiple of the measured peak on.

A peak is the best of many, so noise lowers it by little; 1.5 leaves room for a clock that rises
between the two measurements. A timer that misses work is wrong by far more.
"""

PRODUCT_SIDES = {"cpu": (256, 512, 1024), "cuda": (1024, 2048, 4096)}
IMAGES = {"cpu": (4, 64, 32, 32), "cuda": (64, 256, 32, 32)}
COPY_BYTES = {"cpu": (2**16, 2**18, 2**20, 2**24), "cuda": (2**22, 2**24, 2**26, 2**28)}
LAPS = 5
LAP_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class Demand:
    """Lower bounds of what one call needs.

    Attributes:
        flops: Floating-point operations of its matrix products and convolutions.
        bytes: Its input and the parameters, read once.
    """

    flops: float
    bytes: float


@dataclass(frozen=True, slots=True)
class Peak:
    """The best a device was seen to do, per second.

    Attributes:
        flops: Floating-point operations, in a matrix product or a convolution.
        bytes: Read and written by a copy, from the nearest cache that serves it best.
    """

    flops: float
    bytes: float


def demand(work: Work, network: nn.Module, x: Tensor) -> Demand:
    """Call ``work``, which runs ``network`` on ``x``, once; return what a call needs at the least."""
    counter = FlopCounterMode(display=False)
    counter.mod_tracker = _NoTracker()
    with counter:
        work()
    size = sum(parameter.nbytes for parameter in network.parameters())
    return Demand(float(counter.get_total_flops()), float(size + _stored(x)))


class _NoTracker(ModuleTracker):
    """Follows no module, as only the total is asked for.

    The hooks of torch's tracker raise an error where a module is called within a backward pass, as the
    surrogates of some libraries are.
    """

    def __enter__(self) -> _NoTracker:
        return self

    def __exit__(self, *error: object) -> None:
        return


def _stored(x: Tensor) -> int:
    """Return the bytes of memory behind ``x``: less than its elements' where it is expanded."""
    return min(x.nbytes, x.untyped_storage().nbytes())


def implausible(need: Demand, calls_per_second: float, peak: Peak) -> str | None:
    """Return why the device cannot have made so many calls a second, or None if it can."""
    for amount, limit, unit in ((need.flops, peak.flops, "FLOP/s"), (need.bytes, peak.bytes, "B/s")):
        implied = amount * calls_per_second
        if not implied <= MARGIN * limit:
            return (
                f"implausible: implies {implied:.3g} {unit}, more than {MARGIN:g} times "
                f"the {limit:.3g} {unit} measured on this device"
            )
    return None


def device_peak(device: torch.device, dtypes: Iterable[torch.dtype]) -> Peak:
    """Return the device's peak in the fastest of ``dtypes``, under the thread count and settings in force.

    Measured once a process, in about half a second.
    """
    flops = max(_peak_flops(device, dtype, torch.get_num_threads()) for dtype in dtypes)
    return Peak(flops, _peak_bytes(device, torch.get_num_threads()))


@cache
def _peak_flops(device: torch.device, dtype: torch.dtype, threads: int) -> float:
    """Return the best of square matrix products and a 3×3 convolution.

    ``threads`` only tells cached peaks apart.

    The convolution lets whatever it is allowed beyond a product count too: TF32, Winograd.
    """
    generator = torch.Generator(device).manual_seed(0)

    def random(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator, device=device).to(dtype)

    stopwatch = stopwatch_for(device)
    best = 0.0
    for side in PRODUCT_SIDES[device.type]:
        a, b = random(side, side), random(side, side)
        best = max(best, 2 * side**3 * _best_rate(partial(torch.mm, a, b), stopwatch))
    batch, channels, height, width = IMAGES[device.type]
    image, kernel = random(batch, channels, height, width), random(channels, channels, 3, 3)
    rate = _best_rate(partial(conv2d, image, kernel, padding=1), stopwatch)
    return max(best, 2 * 9 * batch * channels**2 * height * width * rate)


@cache
def _peak_bytes(device: torch.device, threads: int) -> float:
    """Return the best of copies of a few sizes, the small ones in a cache.

    ``threads`` only tells peaks apart.
    """
    stopwatch = stopwatch_for(device)
    best = 0.0
    for size in COPY_BYTES[device.type]:
        source = torch.ones(size // 4, device=device)
        target = torch.empty_like(source)
        best = max(best, 2 * size * _best_rate(partial(target.copy_, source), stopwatch))
    return best


def _best_rate(work: Work, stopwatch: Stopwatch) -> float:
    """Return the calls a second in the fastest of a few windows."""
    calls = 1
    with torch.no_grad():
        while stopwatch(work, calls).wall < LAP_SECONDS:
            calls *= 2
        return calls / min(stopwatch(work, calls).wall for _ in range(LAPS))
