"""Probe what a surrogate claims."""

from __future__ import annotations

import math
import pickle
from collections.abc import Sequence
from typing import Final, cast

import torch
from torch import Tensor
from torch.func import jvp, vjp, vmap

from snnbench.core import torch_private
from snnbench.core.surrogate import Surrogate
from snnbench.errors import UsageError
from snnbench.plugin.spec import Spec
from snnbench.plugin.specs import SurrogateSpec
from snnbench.records import Params
from snnbench.testing.casebook import Probe
from snnbench.testing.effect import Behaviour, check_effects
from snnbench.testing.outcomes import Undecided, Violation
from snnbench.testing.rng import no_global_draws
from snnbench.testing.specs import BUILD_PROBE, SPEC_PROBES

DTYPES: Final = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
FAR: Final = (-1e4, -100.0, -3.6, -1.0, -1e-3, 0.0, 1e-3, 1.0, 3.6, 100.0, 1e4)
GRID: Final = tuple(i / 8 + 1 / 32 for i in range(-24, 25))
"""Neither at threshold nor where shapes are wont to have their corners."""
STEP: Final = 2.0**-20


class Subject:
    """The probes run on a surrogate at given parameters."""

    def __init__(self, spec: SurrogateSpec, params: Params, beside: Sequence[Spec] = ()) -> None:
        self.spec = spec
        self.params = params

    def make(self) -> Surrogate:
        """Return the surrogate.

        Raises:
            Undecided: It takes a parameter that has no default.
        """
        try:
            drawing = [torch.Generator().manual_seed(0)] if self.spec.random else []
            return cast(Surrogate, self.spec.load()(*drawing, **self.spec.resolve(self.params)))
        except UsageError as error:
            raise Undecided(f"it cannot be built with its defaults: {error.message}") from None


def forward(subject: Subject) -> None:
    """A step from 0 to 1 at the threshold, unless it is graded."""
    surrogate = subject.make()
    if surrogate.random != subject.spec.random:
        raise Violation(f"its spec says random={subject.spec.random}, its class random={surrogate.random}")
    if surrogate.graded != subject.spec.graded:
        raise Violation(f"its spec says graded={subject.spec.graded}, its class graded={surrogate.graded}")
    for dtype in DTYPES:
        z = torch.tensor(FAR, dtype=dtype)
        spikes = surrogate(z)
        if spikes.dtype != dtype or spikes.shape != z.shape:
            raise Violation(f"for z in {dtype} {list(z.shape)} it gives {spikes.dtype} {list(spikes.shape)}")
        for at, value in zip(z.tolist(), spikes.tolist(), strict=True):
            _check_value(at, value, surrogate.graded)


def threshold(subject: Subject) -> None:
    """Check whether it spikes at 0: ``>`` or ``>=``."""
    if subject.spec.graded:
        raise Undecided("it is graded: it has no threshold")
    rule = ">=" if float(subject.make()(torch.zeros(1, dtype=torch.float64))) else ">"
    if rule != subject.spec.threshold:
        raise Violation(
            f"it says {subject.spec.threshold!r}, but {'fires' if rule == '>=' else 'is silent'} there",
            smallest="z = 0.0",
            hint=f'threshold="{rule}" in its SurrogateSpec would be true',
        )


def _check_value(z: float, value: float, graded: bool) -> None:
    wrong = math.isnan(value) or (not graded and z != 0 and value != float(z > 0))
    if wrong or (not graded and value not in (0.0, 1.0)):
        raise Violation(
            f"its forward is {value!r}, {'not a number' if graded else 'no step from 0 to 1'}",
            smallest=f"z = {z!r}",
            hint="graded=True, in spec and class, is for spikes of other values",
        )


def exact(subject: Subject) -> None:
    """A graded surrogate's derivative is that of its forward."""
    surrogate = subject.make()
    if not subject.spec.graded:
        raise Undecided("its forward is a step: there is no derivative to compare with")
    z = torch.tensor(GRID, dtype=torch.float64)
    slope = (surrogate.forward(z + STEP) - surrogate.forward(z - STEP)) / (2 * STEP)
    gap = (surrogate.derivative(z) - slope).abs()
    worst = int(gap.argmax())
    if float(gap[worst]) > 1e-6 * max(1.0, float(slope.abs().max())):
        raise Violation(
            f"it says graded=True, but its derivative is {float(surrogate.derivative(z)[worst]):.6g} where "
            f"its forward has the slope {float(slope[worst]):.6g}",
            smallest=f"z = {GRID[worst]!r}",
        )


def finite(subject: Subject) -> None:
    """Check the derivative far from the threshold, in each dtype."""
    surrogate = subject.make()
    for dtype in DTYPES:
        z = torch.tensor(FAR, dtype=dtype, requires_grad=True)
        (gradient,) = torch.autograd.grad(surrogate(z).sum(), z)
        if gradient.dtype != dtype:
            raise Violation(f"its derivative for z in {dtype} is {gradient.dtype}")
        for at, value in zip(z.tolist(), gradient.isfinite().tolist(), strict=True):
            if not value:
                raise Violation(
                    f"in {dtype} its derivative is not finite",
                    smallest=f"z = {at!r}",
                    hint="write it without exp of a large number, or of -|z| alone",
                )


def modes(subject: Subject) -> None:
    """Check backward, forward mode and vmap."""
    z = torch.tensor(GRID, dtype=torch.float64)
    expected = subject.make().drawn().derivative(z)  # each mode in the first call of a fresh one
    ones, mapped = torch.ones_like(z), subject.make()
    found = {
        "backward": vjp(subject.make(), z)[1](ones)[0],
        "forward mode": jvp(subject.make(), (z,), (ones,))[1],
        "vmap of backward": vmap(lambda one: vjp(mapped, one)[1](torch.ones_like(one))[0])(z[None])[0],
    }
    for name, gradient in found.items():
        if not torch.allclose(gradient, expected, rtol=1e-12, atol=1e-12, equal_nan=True):
            at = int((gradient - expected).abs().argmax())
            raise Violation(
                f"{name} gives {float(gradient[at]):.6g}, derivative(z) {float(expected[at]):.6g}",
                smallest=f"z = {GRID[at]!r}",
                hint="give derivative(z) alone and leave __call__ to snnbench.Surrogate",
            )


def repeatable(subject: Subject) -> None:
    """Make the same call twice, and check that it draws no global random numbers."""
    surrogate, z = subject.make(), torch.tensor(GRID, dtype=torch.float64)
    with no_global_draws("its derivative"):
        first = surrogate.derivative(z)
    surrogate.derivative(-z)
    if not torch.equal(first, surrogate.derivative(z)) or not torch.equal(surrogate(z), surrogate(z)):
        raise Violation(
            "two calls with the same z give different results", hint="seed its noise, and keep none"
        )
    if not torch.equal(z, torch.tensor(GRID, dtype=torch.float64)):
        raise Violation("it writes into z")


def pickled(subject: Subject) -> None:
    """Check that it survives ``pickle``."""
    surrogate, z = subject.make(), torch.tensor(GRID, dtype=torch.float64)
    try:
        again = pickle.loads(pickle.dumps(surrogate))
    except Exception as error:
        raise Violation(f"it cannot be pickled: {error}", hint="keep no lambda or local function") from error
    if repr(again) != repr(surrogate) or not torch.equal(again.derivative(z), surrogate.derivative(z)):
        raise Violation("after pickle it is another surrogate")


def told(subject: Subject) -> None:
    """Return whether its text carries its parameters."""
    text = repr(subject.make())
    missing = [name for name in subject.spec.params if f"{name}=" not in text]
    if missing:
        raise Violation(
            f"its repr {text!r} does not tell {', '.join(missing)}",
            hint="keep parameters as public attributes of the same names: then repr tells them",
        )


def compiled(subject: Subject) -> None:
    """``torch.compile``, spikes and gradient."""
    surrogate = subject.make()
    if surrogate.random:
        raise Undecided("its derivative has noise: it is run eagerly")
    torch_private.forget_compiled()
    function = torch.compile(lambda z: surrogate(z), backend="aot_eager")  # noqa: PLW0108  it compiles functions

    def both(f: object) -> tuple[Tensor, Tensor]:
        z = torch.tensor(GRID, dtype=torch.float64, requires_grad=True)
        spikes = f(z)  # type: ignore[operator]
        return spikes.detach(), torch.autograd.grad(spikes.sum(), z)[0]

    for name, one, other in zip(("spikes", "gradient"), both(function), both(surrogate), strict=True):
        if not torch.allclose(one, other, rtol=1e-12, atol=1e-12):
            at = int((one - other).abs().argmax())
            raise Violation(
                f"compiled by torch.compile its {name} is {float(one[at]):.6g}, not {float(other[at]):.6g}",
                smallest=f"z = {GRID[at]!r}",
            )


def effect(subject: Subject) -> None:
    """Check that every parameter matters, at other values than its default."""

    def behaviour(params: Params) -> Behaviour | None:
        z = torch.tensor(GRID, dtype=torch.float64)
        try:
            surrogate = Subject(subject.spec, params).make()
            return surrogate(z).numpy().tobytes(), surrogate.derivative(z).numpy().tobytes()
        except (Undecided, ValueError, RuntimeError):
            return None

    check_effects(subject.spec, behaviour)


PROBES: Final = (
    *SPEC_PROBES,
    BUILD_PROBE,
    Probe("spec[effect]", "that each of its parameters does something", effect, each=False),
    Probe("claim[forward]", "that its forward is a step, or graded as its spec says", forward),
    Probe("claim[threshold]", "what it does at threshold", threshold),
    Probe("claim[graded]", "that a graded spike has its own derivative", exact),
    Probe("derivative[finite]", "that its derivative is finite up to |z| = 1e4", finite),
    Probe("derivative[modes]", "that all kinds of gradient agree", modes),
    Probe("pure[repeatable]", "that it is a function of z", repeatable),
    Probe("copy[pickle]", "that it can be sent to another process", pickled),
    Probe("spec[repr]", "that its repr tells its parameters", told),
    Probe("compile", "that torch.compile changes nothing", compiled, slow=True),
)
