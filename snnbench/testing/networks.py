"""Probe what a network claims."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Final, cast

import torch
from torch import Tensor

from snnbench.components.neurons.lif import LIF
from snnbench.components.surrogates.atan import ATan
from snnbench.core.network import Network
from snnbench.core.neuron import Neuron
from snnbench.errors import UsageError
from snnbench.plugin.spec import Spec
from snnbench.plugin.specs import NetworkSpec
from snnbench.records import Params
from snnbench.testing.casebook import Probe
from snnbench.testing.outcomes import Undecided, Violation
from snnbench.testing.rng import no_global_draws
from snnbench.testing.specs import SPEC_PROBES

SHAPES: Final = ((6,), (1, 8, 8), (2, 8, 12))
ODD: Final = ((1,), (1, 1, 1), (3, 2, 2), (2, 3), (1, 5, 7))
CLASSES: Final = 3
STEPS: Final = 4
BATCH: Final = 2


class Subject:
    """The probes run on a network at given parameters."""

    def __init__(self, spec: NetworkSpec, params: Params, beside: Sequence[Spec] = ()) -> None:
        self.spec = spec
        self.params = params

    def make(self, shape: tuple[int, ...], seed: int = 0) -> Network:
        """Return a network of LIF neurons for samples of ``shape``.

        Raises:
            UsageError: It refuses the shape.
        """
        generator = torch.Generator().manual_seed(seed)

        def population(features: tuple[int, ...]) -> Neuron:
            return LIF(features, ATan(), generator, beta=0.875)

        params = self.spec.resolve(self.params)
        return cast(Network, self.spec.load()(shape, CLASSES, population, generator, **params))

    def usual(self) -> dict[tuple[int, ...], Network]:
        """Networks for the shapes that it takes among ``SHAPES``.

        Raises:
            Undecided: It takes none.
        """
        made: dict[tuple[int, ...], Network] = {}
        for shape in SHAPES:
            try:
                made[shape] = self.make(shape)
            except UsageError:
                continue
        if not made:
            raise Undecided(f"it takes samples of none of the shapes {', '.join(map(str, SHAPES))}")
        return made


def drive(shape: tuple[int, ...]) -> Tensor:
    """Return a lively input ``[T, B, *shape]``, the same at every call."""
    generator = torch.Generator().manual_seed(0)
    return 3 * torch.rand((STEPS, BATCH, *shape), generator=generator)


def forward(subject: Subject) -> None:
    """Check the logits."""
    for shape, network in subject.usual().items():
        if not isinstance(network, Network):
            raise Violation(f"its factory gives a {type(network).__name__}, not a snnbench.Network")
        logits = network(drive(shape))
        if tuple(logits.shape) != (BATCH, CLASSES) or not bool(logits.isfinite().all()):
            raise Violation(
                f"for samples {shape} its logits have shape {list(logits.shape)}, or are not finite",
                hint=f"logits are [B, classes], here [{BATCH}, {CLASSES}]",
            )


def gradients(subject: Subject) -> None:
    """Check the gradient of each parameter."""
    for shape, network in subject.usual().items():
        logits = network.train()(drive(shape))
        (logits * torch.arange(1, CLASSES + 1)).sum().backward()
        for name, parameter in network.named_parameters():
            if parameter.requires_grad and (parameter.grad is None or not bool(parameter.grad.any())):
                raise Violation(
                    f"for samples {shape} no gradient reaches the parameter {name!r}",
                    hint="use it in forward, or do not make it a parameter",
                )


def seeded(subject: Subject) -> None:
    """Weights come from the generator."""
    for shape in subject.usual():
        with no_global_draws("making it"):
            first = subject.make(shape).state_dict()
        again, other = subject.make(shape).state_dict(), subject.make(shape, seed=1).state_dict()
        for name, value in first.items():
            if not torch.equal(value, again[name]):
                raise Violation(f"the same generator gives another {name!r}", smallest=f"samples {shape}")
        if first and all(torch.equal(value, other[name]) for name, value in first.items()):
            raise Violation("generators of two seeds give the same weights", smallest=f"samples {shape}")


def steps(subject: Subject) -> None:
    """Compare ``forward`` with a loop over ``step``, in evaluation mode."""
    for shape, network in subject.usual().items():
        network.eval().double()
        x = drive(shape).double()
        with torch.no_grad():
            state, outputs = network.initial_state(x[0]), []
            for x_t in x:
                y_t, state = network.step(x_t, state)
                outputs.append(y_t)
            looped, whole = network.classify(torch.stack(outputs)), network(x)
        if not torch.allclose(looped, whole, rtol=1e-9, atol=1e-9):
            raise Violation(
                f"for samples {shape} forward gives {whole.tolist()}, the loop over step {looped.tolist()}",
                hint="leave step, outputs and forward to snnbench.Network",
            )


def refusals(subject: Subject) -> None:
    """Samples that are too small or of another rank: it works, or says why not."""
    for shape in ODD:
        try:
            network = subject.make(shape)
        except UsageError:
            continue
        except Exception as error:
            raise Violation(
                f"its factory fails with {type(error).__name__}: {error}",
                smallest=f"samples {shape}",
                hint="raise snnbench.errors.UsageError that says which shapes it takes",
            ) from error
        try:
            logits = network.eval()(drive(shape))
        except Exception as error:
            raise Violation(
                f"it can be built, but fails with {type(error).__name__}: {error}",
                smallest=f"samples {shape}",
            ) from error
        if tuple(logits.shape) != (BATCH, CLASSES):
            raise Violation(f"its logits have shape {list(logits.shape)}", smallest=f"samples {shape}")


def pickled(subject: Subject) -> None:
    """Check that it survives ``pickle``."""
    for shape, network in subject.usual().items():
        try:
            again = pickle.loads(pickle.dumps(network.eval()))
        except Exception as error:
            raise Violation(
                f"it cannot be pickled: {error}", hint="keep no lambda or local function"
            ) from error
        if not torch.equal(again(drive(shape)), network(drive(shape))):
            raise Violation("after pickle it gives other logits", smallest=f"samples {shape}")


PROBES: Final = (
    *SPEC_PROBES,
    Probe("forward", "that it gives logits for samples of several shapes", forward),
    Probe("gradient[parameters]", "that a gradient reaches each parameter", gradients),
    Probe("random[weights]", "that the generator decides its weights", seeded),
    Probe("run[steps]", "that forward is the loop over step", steps),
    Probe("shape[refused]", "that what it cannot take is refused in words", refusals),
    Probe("copy[pickle]", "that it can be sent to another process", pickled),
)
