"""Components of the other kinds, each wrong in one way, and one of each kind that is right."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count
from typing import Any

import broken_neurons
import torch
from torch import Tensor, nn

from snnbench import (
    Dataset,
    DatasetSpec,
    EncoderSpec,
    MeasurementSpec,
    Network,
    NetworkSpec,
    Param,
    Quantity,
    Split,
    Surrogate,
    SurrogateSpec,
)
from snnbench.components.networks.dense import linear
from snnbench.errors import UsageError
from snnbench.plugin.spec import Spec

COMMON = {"name": "probe", "version": "1", "summary": "a component"}


class Cauchy(Surrogate):
    def __init__(self, width: float = 1.0) -> None:
        self.width = width

    def derivative(self, z: Tensor) -> Tensor:
        return 1 / (1 + (z / self.width).square())


class OtherWidth(Cauchy):
    def __init__(self, width: float = 2.0) -> None:
        super().__init__(width)


class NoWidth(Cauchy):
    def __init__(self, width: float = 1.0) -> None:
        raise UsageError("width must not be 1")


class Twos(Cauchy):
    def forward(self, z: Tensor) -> Tensor:
        return 2 * super().forward(z)


class FiresAtThreshold(Cauchy):
    def forward(self, z: Tensor) -> Tensor:
        return (z >= 0).to(z.dtype)


class WrongSlope(Cauchy):
    graded = True

    def forward(self, z: Tensor) -> Tensor:
        return z.sigmoid()


class Overflowing(Cauchy):
    def derivative(self, z: Tensor) -> Tensor:
        decay = (-z / self.width).exp()
        return decay / (1 + decay).square()


class OtherBackward(Cauchy):
    def __call__(self, z: Tensor) -> Tensor:
        return super().__call__(z) + 0.1 * (z - z.detach())


class DrawsNumbers(Cauchy):
    def derivative(self, z: Tensor) -> Tensor:
        random.random()
        return super().derivative(z)


class Unpicklable(Cauchy):
    def __init__(self, width: float = 1.0) -> None:
        super().__init__(width)
        self.rule = lambda z: z


class Taciturn(Cauchy):
    def __repr__(self) -> str:
        return "Cauchy"


class Idle(Cauchy):
    def derivative(self, z: Tensor) -> Tensor:
        return 1 / (1 + z.square())


class CompiledOtherwise(Cauchy):
    def derivative(self, z: Tensor) -> Tensor:
        d = super().derivative(z)
        return 2 * d if torch.compiler.is_compiling() else d


def surrogate(factory: object, **changes: Any) -> SurrogateSpec:
    params = {"width": Param(1.0, low=1e-6, doc="half width")}
    return SurrogateSpec(**(COMMON | {"factory": factory, "params": params} | changes))


class Steady:
    def __init__(self, steps: int, *, gain: float = 1.0) -> None:
        self.steps, self.gain = steps, gain

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        return (self.gain * x).expand(self.steps, *x.shape)


class OtherGain(Steady):
    def __init__(self, steps: int, *, gain: float = 2.0) -> None:
        super().__init__(steps, gain=gain)


class NoGain(Steady):
    def __init__(self, steps: int, *, gain: float = 1.0) -> None:
        raise UsageError("gain must not be 1")


class TooLong(Steady):
    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        return x.expand(self.steps + (self.steps > 1), *x.shape)


class NeverShort(Steady):
    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        return x.expand(max(self.steps, 2), *x.shape)


class Fading(Steady):
    calls = 0

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        self.calls += 1
        return (x / self.calls).expand(self.steps, *x.shape)


class DrawsFromPython(Steady):
    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        random.random()
        return super().__call__(x, generator)


class WritesSamples(Steady):
    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        return super().__call__(x.add_(0), generator)


class Clamping(Steady):
    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        return super().__call__(x.clamp(0, 1), generator)


class Centring(Steady):
    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        return super().__call__(x - 0.1 * x.mean(0), generator)


class CountsTheBatch(Steady):
    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        return super().__call__(x + 0.01 * len(x), generator)


def encoder(factory: object, **changes: Any) -> EncoderSpec:
    params = {"gain": Param(1.0, low=0.0, doc="factor")}
    return EncoderSpec(**(COMMON | {"factory": factory, "params": params} | changes))


def points(root: object = None, *, seed: int = 0) -> Dataset:
    """Three classes, ten samples each in each split, all different."""
    generator = torch.Generator().manual_seed(seed)
    parts = [
        Split(torch.rand(30, 4, generator=generator), torch.arange(3).repeat_interleave(10)) for _ in range(3)
    ]
    return Dataset(*parts, classes=3)


def other_seed(root: object = None, *, seed: int = 1) -> Dataset:
    return points(seed=seed)


def overlapping(root: object = None, *, seed: int = 0) -> Dataset:
    data = points()
    data.test.x[3] = data.train.x[5]
    return data


def beyond(root: object = None, *, seed: int = 0) -> Dataset:
    data = points()
    data.validation.y[4] = 3
    return data


def lacking(root: object = None, *, seed: int = 0) -> Dataset:
    data = points()
    data.test.y.clamp_(max=1)
    return data


def infinite(root: object = None, *, seed: int = 0) -> Dataset:
    data = points()
    data.train.x[0, 0] = torch.inf
    return data


def drifting(loads: Any = count()) -> Callable[..., Dataset]:  # noqa: B008
    def load(root: object = None, *, seed: int = 0) -> Dataset:
        return points(seed=seed if next(loads) < 2 else 1)

    return load


def dataset(factory: Callable[..., Dataset], **changes: Any) -> DatasetSpec:
    params = {"seed": Param(0, low=0, doc="of the points")}
    said = COMMON | {"factory": factory, "params": params, "samples": 30, "checksum": factory().checksum}
    return DatasetSpec(**(said | changes))


def layers(shape: tuple[int, ...], classes: int, neuron: Any, generator: Any, width: int) -> tuple[Any, ...]:
    size = int(torch.tensor(shape).prod())
    hidden = [nn.Flatten(), linear(size, width, generator), neuron((width,))]
    return hidden, "spike_sum", linear(width, classes, generator)


def small(shape: Any, classes: int, neuron: Any, generator: Any, *, width: int = 8) -> Network:
    return Network(*layers(shape, classes, neuron, generator, width))


def wider(shape: Any, classes: int, neuron: Any, generator: Any, *, width: int = 9) -> Network:
    return small(shape, classes, neuron, generator, width=width)


def one_more(shape: Any, classes: int, neuron: Any, generator: Any, *, width: int = 8) -> Network:
    return small(shape, classes + 1, neuron, generator, width=width)


class Unused(Network):
    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.spare = nn.Parameter(torch.zeros(2))


def unused(shape: Any, classes: int, neuron: Any, generator: Any, *, width: int = 8) -> Network:
    return Unused(*layers(shape, classes, neuron, generator, width))


def fixed(shape: Any, classes: int, neuron: Any, generator: Any, *, width: int = 8) -> Network:
    return small(shape, classes, neuron, torch.Generator().manual_seed(9), width=width)


class OtherStep(Network):
    def step(self, x_t: Tensor, state: Any) -> tuple[Tensor, Any]:
        y, state = super().step(x_t, state)
        return y + 1, state


def other_step(shape: Any, classes: int, neuron: Any, generator: Any, *, width: int = 8) -> Network:
    return OtherStep(*layers(shape, classes, neuron, generator, width))


def picky(shape: Any, classes: int, neuron: Any, generator: Any, *, width: int = 8) -> Network:
    if len(shape) == 2:
        raise IndexError("tuple index out of range")
    return small(shape, classes, neuron, generator, width=width)


class Lambda(Network):
    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.rule = lambda x: x


def unpicklable(shape: Any, classes: int, neuron: Any, generator: Any, *, width: int = 8) -> Network:
    return Lambda(*layers(shape, classes, neuron, generator, width))


def network(factory: object, **changes: Any) -> NetworkSpec:
    params = {"width": Param(8, low=1, unit="neurons", doc="of the hidden layer")}
    return NetworkSpec(**(COMMON | {"factory": factory, "params": params} | changes))


def size(scale: float = 1.0) -> Callable[[Any], float]:
    return lambda trained: scale * sum(part.numel() for part in trained.network.parameters())


def doubled(scale: float = 2.0) -> Callable[[Any], float]:
    return size(scale)


def whole(scale: float = 1.0) -> Callable[[Any], int]:
    return lambda trained: len(trained.network.neurons)


def trains(scale: float = 1.0) -> Callable[[Any], float]:
    return lambda trained: float(len(list(trained.network.train().parameters())))


def measurement(factory: object, **changes: Any) -> MeasurementSpec:
    params = {"scale": Param(1.0, doc="factor")}
    quantities = (Quantity("", "Probe", "Number of parameters."),)
    said = COMMON | {"factory": factory, "params": params, "quantities": quantities}
    return MeasurementSpec(**(said | changes))


RIGHT: list[Spec] = [
    broken_neurons.spec(broken_neurons.Right),
    surrogate(Cauchy),
    encoder(Steady),
    dataset(points),
    network(small),
    measurement(size),
]

BROKEN: dict[tuple[str, str], Spec] = {
    ("surrogate", "spec[text]"): surrogate(Cauchy, summary=""),
    ("surrogate", "spec[defaults]"): surrogate(OtherWidth),
    ("surrogate", "spec[builds]"): surrogate(NoWidth),
    ("surrogate", "spec[effect]"): surrogate(Idle),
    ("surrogate", "claim[forward]"): surrogate(Twos),
    ("surrogate", "claim[threshold]"): surrogate(FiresAtThreshold),
    ("surrogate", "claim[graded]"): surrogate(WrongSlope, graded=True),
    ("surrogate", "derivative[finite]"): surrogate(Overflowing),
    ("surrogate", "derivative[modes]"): surrogate(OtherBackward),
    ("surrogate", "pure[repeatable]"): surrogate(DrawsNumbers),
    ("surrogate", "copy[pickle]"): surrogate(Unpicklable),
    ("surrogate", "spec[repr]"): surrogate(Taciturn),
    ("surrogate", "compile"): surrogate(CompiledOtherwise),
    ("encoder", "spec[text]"): encoder(Steady, summary=""),
    ("encoder", "spec[defaults]"): encoder(OtherGain),
    ("encoder", "spec[builds]"): encoder(NoGain),
    ("encoder", "shape"): encoder(TooLong),
    ("encoder", "shape[one_step]"): encoder(NeverShort),
    ("encoder", "random[reproducible]"): encoder(Fading),
    ("encoder", "random[global]"): encoder(DrawsFromPython),
    ("encoder", "pure[arguments]"): encoder(WritesSamples),
    ("encoder", "batch[independent]"): encoder(Centring),
    ("encoder", "batch[independent] "): encoder(CountsTheBatch, deterministic=True),
    ("encoder", "range"): encoder(Clamping),
    ("dataset", "spec[text]"): dataset(points, summary=""),
    ("dataset", "spec[defaults]"): dataset(other_seed, checksum=points().checksum),
    ("dataset", "splits[disjoint]"): dataset(overlapping),
    ("dataset", "splits[whole]"): dataset(beyond),
    ("dataset", "classes[every]"): dataset(lacking),
    ("dataset", "samples"): dataset(infinite),
    ("dataset", "checksum[stable]"): dataset(drifting()),
    ("dataset", "checksum[declared]"): dataset(points, checksum="0123456789abcdef"),
    ("dataset", "checksum[declared] "): dataset(points, samples=31),
    ("network", "spec[text]"): network(small, summary=""),
    ("network", "spec[defaults]"): network(wider),
    ("network", "forward"): network(one_more),
    ("network", "gradient[parameters]"): network(unused),
    ("network", "random[weights]"): network(fixed),
    ("network", "run[steps]"): network(other_step),
    ("network", "shape[refused]"): network(picky),
    ("network", "copy[pickle]"): network(unpicklable),
    ("measurement", "spec[text]"): measurement(size, summary=""),
    ("measurement", "spec[defaults]"): measurement(doubled),
    ("measurement", "value"): measurement(whole),
    ("measurement", "pure[network]"): measurement(trains),
}

ALSO: dict[tuple[str, str], set[str]] = {
    ("network", "forward"): {"gradient[parameters]", "shape[refused]"},  # all look at the logits
}
