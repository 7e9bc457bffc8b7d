"""Decays, thresholds and time constants: one number or one a neuron, fixed or learned within bounds.

A learned value outside its bounds counts as the nearest bound, and still has the gradient of that bound, so
that it can come back. ``Neuron.project`` puts it back after each optimiser step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from snnbench.components.neurons.spec_params import DECAY_RANGE, POSITIVE
from snnbench.core.neuron import Bounds, Neuron
from snnbench.errors import UsageError
from snnbench.plugin.distributions import Distribution, Family, parse

Given: TypeAlias = float | str | Sequence[float]
"""A factory takes a number, a list with one number for each neuron, or the text of a distribution."""
Numbers: TypeAlias = float | list[float]
"""One number for all neurons, or one a neuron, in the order of their places in ``features``."""

DECAY: Final[Bounds] = DECAY_RANGE
THRESHOLD: Final[Bounds] = (POSITIVE, math.inf)
"""Above 0: a neuron whose threshold is 0 or below fires without input."""
TIME: Final[Bounds] = (POSITIVE, math.inf)


class Population:
    """This says where the values of a population's parameters come from and go.

    Args:
        neuron: Its attributes are set.
        features: Shape of the population.
        generator: Draws from distributions, in the order in which values are asked for.
    """

    def __init__(self, neuron: Neuron, features: tuple[int, ...], generator: torch.Generator) -> None:
        self.neuron = neuron
        self.features = features
        self.generator = generator

    def numbers(self, name: str, given: Given, bounds: Bounds) -> Numbers:
        """Return what ``given`` stands for: a number as it is, a list, or one draw a neuron.

        Args:
            name: Of the parameter, for errors.
            given: A number, a list or the text of a distribution.
            bounds: Of every value. A gamma distribution is clipped to them; for ``DECAY`` and what is within
                it, it is that of the time constant τ in steps, whose decay is ``exp(−1/τ)``.

        Raises:
            UsageError: A list has another length than the population, or a value is out of bounds.
        """
        if isinstance(given, int | float):
            return float(given)
        kind, count = type(self.neuron).__name__.lower(), math.prod(self.features)
        try:
            values = draw(parse(given), count, self.generator, bounds) if isinstance(given, str) else given
        except ValueError as error:
            raise UsageError(f"neuron {kind!r}, parameter {name!r}: {error}") from None
        if len(values) != count:
            raise UsageError(
                f"neuron {kind!r}: {name} is a list of {len(values)} values, and features={self.features} "
                f"are {count} neurons",
                "give one number, one a neuron, or a distribution such as uniform(0.8,0.99)",
            )
        if not all(bounds[0] <= value <= bounds[1] for value in values):
            raise UsageError(f"neuron {kind!r}: {name} has a value outside {bounds[0]:g} … {bounds[1]:g}")
        return [float(value) for value in values]

    def put(self, name: str, numbers: Numbers) -> None:
        """Give the neuron fixed values: a float, or a buffer in torch's default dtype."""
        if isinstance(numbers, float):
            setattr(self.neuron, name, numbers)
        else:
            self.neuron.register_buffer(name, torch.tensor(numbers).view(self.features))

    def hold(
        self, name: str, given: Given, bounds: Bounds, *, learn: bool = False, per_neuron: bool = False
    ) -> None:
        """Give the neuron the attribute ``name``: fixed values, or a parameter that starts there.

        Args:
            name: Of the attribute.
            given: A number, a list or the text of a distribution.
            bounds: Of every value, also of learned ones.
            learn: Make it a parameter.
            per_neuron: One learned value a neuron, also where ``given`` is one number.
        """
        numbers = self.numbers(name, given, bounds)
        if not learn:
            self.put(name, numbers)
            return
        shape = () if isinstance(numbers, float) and not per_neuron else self.features
        values = (
            torch.full(shape, numbers) if isinstance(numbers, float) else torch.tensor(numbers).view(shape)
        )
        self.neuron.register_parameter(name, nn.Parameter(values))
        self.neuron.bounds[name] = bounds


def draw(distribution: Distribution, count: int, generator: torch.Generator, bounds: Bounds) -> list[float]:
    """Draw ``count`` values; what gamma's are, and what ``bounds`` are for, says ``Population.numbers``."""
    first, second = distribution.first, distribution.second
    uniform = torch.rand(count, generator=generator, dtype=torch.float64)
    match distribution.family:
        case Family.UNIFORM:
            values = first + (second - first) * uniform
        case Family.LOGUNIFORM:
            values = (math.log(first) + math.log(second / first) * uniform).exp().clamp(first, second)
        case Family.GAMMA:
            seed = int(torch.randint(2**63 - 1, (), generator=generator))
            tau = torch.from_numpy(np.random.default_rng(seed).gamma(first, second, count))
            values = ((-1 / tau).exp() if bounds[1] <= 1 else tau).clamp(*bounds)
    return values.tolist()


def each(function: Callable[..., float], *values: Numbers) -> Numbers:
    """Return ``function`` of the values: one number, or one a neuron where one of them is."""
    counts = [len(one) for one in values if isinstance(one, list)]
    if not counts:
        return function(*values)
    columns = [one if isinstance(one, list) else [one] * counts[0] for one in values]
    return [function(*row) for row in zip(*columns, strict=True)]


def read(neuron: Neuron, name: str, like: Tensor) -> float | Tensor:
    """Return the value of ``name`` for arithmetic that keeps the dtype of ``like``."""
    value: float | Tensor = getattr(neuron, name)
    if isinstance(value, float):
        return value
    bounds = neuron.bounds.get(name)
    return (within(value, bounds) if bounds else value).to(like.dtype)


def within(value: Tensor, bounds: Bounds) -> Tensor:
    """Return ``value`` clipped to ``bounds``, with derivative 1 everywhere.

    The derivative of a clip is 0 outside: a value that overstepped its bound could never come back.
    """
    fixed = value.detach()
    return fixed.clamp(*bounds) + (value - fixed)  # the second term is exactly 0


def is_uniform(neuron: Neuron) -> bool:
    """Return whether all values are fixed numbers, the same for all neurons."""
    return not any(True for _ in neuron.parameters()) and not any(True for _ in neuron.buffers())


def log_decay(neuron: Neuron, name: str) -> float:
    """Return the natural logarithm of the slowest decay, nats a step; −∞ for no memory."""
    value: float | Tensor = getattr(neuron, name)
    slowest = value if isinstance(value, float) else float(value.detach().clamp(0, 1).max())
    return math.log(slowest) if slowest > 0 else -math.inf
