"""This module makes the neuron under test and finds inputs that move it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Final, cast

import torch
from torch import Tensor

from snnbench.components.surrogates.atan import ATan
from snnbench.core.eager import State
from snnbench.core.neuron import Neuron
from snnbench.core.surrogate import Surrogate
from snnbench.errors import UsageError
from snnbench.plugin.spec import Spec
from snnbench.plugin.specs import NeuronSpec, SurrogateSpec
from snnbench.records import Params, Value
from snnbench.testing.neurons.crossing import Crossing, find_crossing, walk
from snnbench.testing.outcomes import Undecided

SEED: Final = 1
MODES: Final[Mapping[str, bool]] = {"train": True, "eval": False}
"""Names of the modes of a module, to what its ``train`` is given."""
MANY, FEW = 12, 4
"""Inputs that are searched for one that breaks a claim: at its defaults, and at other parameters."""


class Flat(Neuron):
    """Neurons in space are taken side by side: features ``(C, 1, 1)`` as ``(C,)``."""

    def __init__(self, inner: Neuron) -> None:
        super().__init__()
        self.inner = inner
        self.states = inner.states

    def initial_state(self, x_t: Tensor) -> State:
        return self.inner.initial_state(x_t[..., None, None])

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        y_t, state = self.inner.step(x_t[..., None, None], state)
        return y_t[..., 0, 0], state

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        y, state = self.inner(x[..., None, None], state)
        return y[..., 0, 0], state

    def leak_exponent(self) -> float | None:
        return self.inner.leak_exponent()

    def disturbance_unit(self) -> tuple[float | Tensor, ...] | None:
        said = self.inner.disturbance_unit()
        if said is None:
            return None
        return tuple(one[..., 0, 0] if isinstance(one, Tensor) and one.ndim > 1 else one for one in said)


class Subject:
    """The probes run on a neuron model at given parameters.

    Args:
        spec: Its spec.
        params: The parameters that are not its defaults.
        beside: Specs of its distribution; their surrogates are tried if it refuses a built-in one.
    """

    def __init__(self, spec: NeuronSpec, params: Params, beside: Sequence[Spec] = ()) -> None:
        self.spec = spec
        self.params = params
        self.beside = beside
        self.claims = spec.claims(params)
        self.examples = FEW if params else MANY

    def make(
        self,
        features: tuple[int, ...] = (1,),
        *,
        dtype: torch.dtype = torch.float64,
        others: Mapping[str, Value] | None = None,
        surrogate: Surrogate | None = None,
    ) -> Neuron:
        """Return a population: the same at every call. Its surrogate's derivative is nowhere 0.

        Args:
            features: Its shape.
            dtype: Of its parameters.
            others: Values of further parameters.
            surrogate: Another surrogate, if it takes one.

        Raises:
            Undecided: It cannot be built like this.
        """
        params = self.spec.resolve((*self.params, *(others or {}).items()))
        refusals = []
        for shape in (features, (*features, 1, 1)) if len(features) == 1 else (features,):
            for given in [surrogate] if surrogate else self.surrogates:
                generator = torch.Generator().manual_seed(SEED)
                try:
                    made = cast(Neuron, self.spec.load()(shape, given, generator, **params)).to(dtype)
                except UsageError as error:
                    refusals.append(error.message)
                else:
                    return made if shape == features else Flat(made)
        raise Undecided(f"it cannot be built with features={features}: {refusals[0]}")

    @cached_property
    def surrogates(self) -> list[Surrogate | None]:
        """Return what may be handed to its factory, in order: ATan, then those of its own distribution.

        The fewer places where a surrogate's derivative is 0, the more a probe of gradients sees.
        """
        if self.spec.spike == "none":
            return [None]
        own: list[Surrogate] = []
        for spec in self.beside:
            if isinstance(spec, SurrogateSpec) and not (spec.graded or spec.random):
                with suppress(UsageError):
                    own.append(cast(Surrogate, spec.load()(**spec.resolve(()))))
        z = torch.linspace(-1, 1, 21, dtype=torch.float64)
        return [ATan(), *sorted(own, key=lambda one: int((one.derivative(z) == 0).sum()))]

    @cached_property
    def pure(self) -> bool:
        """Return whether two runs of a population are the same, in either mode: a first look."""
        neuron, x = self.make((2,)), _noise((4, 2, 2))
        for training in MODES.values():
            runs = [walk(neuron.train(training), x) for _ in range(2)]
            for (y, state), (z, other) in zip(*runs, strict=True):
                if not all(map(torch.equal, (y, *state), (z, *other))):
                    return False
        return True

    def need_pure(self) -> None:
        """Nothing can be said of a neuron that is another one each time.

        Raises:
            Undecided: It is such a one.
        """
        if not self.pure:
            raise Undecided("two runs of it differ: what pure[...] says comes first")

    @property
    def spikes(self) -> bool:
        """Return whether it claims to emit spikes that a threshold makes."""
        return self.claims.spike in ("binary", "ternary", "multi")

    @cached_property
    def crossing(self) -> Crossing | None:
        """Return where it starts to fire, at these parameters; None if it never does."""
        return find_crossing(self.make())

    @cached_property
    def unit(self) -> float:
        """Return a power of two near the input at which it starts to fire; 1 if it does not."""
        if not self.spikes or self.crossing is None:
            return 1.0
        return float(2.0 ** torch.tensor(abs(self.crossing.firing)).log2().ceil())

    def need_crossing(self) -> Crossing:
        """Return where it starts to fire.

        Raises:
            Undecided: It does not spike.
        """
        if not self.spikes:
            raise Undecided(f"it claims spike={self.claims.spike!r}: there is no threshold")
        if self.crossing is None:
            raise Undecided(
                "it never changes from silent to firing, whatever single input of 2^-20 to 2^20 it is given"
            )
        return self.crossing

    def drive(self, steps: int, features: tuple[int, ...], batch: int = 2) -> Tensor:
        """Return a lively input ``[T, B, *features]``, float64, the same at every call."""
        return self.unit * _noise((steps, batch, *features))


def _noise(shape: tuple[int, ...]) -> Tensor:
    generator = torch.Generator().manual_seed(SEED)
    return torch.randn(shape, generator=generator, dtype=torch.float64) + 0.25
