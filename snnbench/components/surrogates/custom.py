"""A surrogate of one's own, as snnTorch's ``custom_surrogate`` takes it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TypeAlias

import torch
from torch import Tensor

from snnbench.core.surrogate import Surrogate
from snnbench.errors import UsageError

Rule: TypeAlias = Callable[[Tensor, Tensor, Tensor], Tensor]


class Custom(Surrogate):
    """``d(z) = fn(z, 1, H(z))`` for a rule ``fn(z, grad, spikes) -> grad``.

    The rule must be a derivative times ``grad``, element by element: tangents are then as right as
    gradients.

    Args:
        fn: The rule, or its name ``"package.module:function"``. To be pickled it must have a name. A matrix
            may name those of modules that are plugins by ``-p``; their code is in the cell's key.

    Raises:
        UsageError: There is no such function, or it is not a derivative times ``grad``.
    """

    def __init__(self, fn: Rule | str) -> None:
        self.fn = fn
        self._rule = _find(fn) if isinstance(fn, str) else fn
        _check(self._rule)

    def derivative(self, z: Tensor) -> Tensor:
        return self._rule(z, torch.ones_like(z), self.forward(z))

    def __repr__(self) -> str:
        name = self.fn if isinstance(self.fn, str) else f"{self._rule.__module__}:{self._rule.__qualname__}"
        return f"Custom(fn={name!r})"


def _find(name: str) -> Rule:
    module, _, attribute = name.partition(":")
    try:
        rule = getattr(import_module(module), attribute)
    except Exception as error:
        raise UsageError(
            f"surrogate 'custom': fn={name!r} cannot be imported: {error!r}",
            "write fn='package.module:function', of a module that can be imported from here",
        ) from error
    if not callable(rule):
        raise UsageError(f"surrogate 'custom': fn={name!r} is not a function", "fn(z, grad, spikes) -> grad")
    return rule  # type: ignore[no-any-return]


def _check(rule: Rule) -> None:
    """Try ``rule`` on both sides of the threshold, near and far."""
    z = torch.linspace(-2, 2, 41, dtype=torch.float64)
    grad = torch.linspace(-3, 5, 41, dtype=torch.float64)
    spikes = (z > 0).to(z.dtype)
    try:
        derivative, scaled = rule(z, torch.ones_like(z), spikes), rule(z, grad.clone(), spikes)
        apart = torch.stack([rule(z[i], grad[i].clone(), spikes[i]) for i in range(len(z))])
        torch.testing.assert_close(scaled, grad * derivative, rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(apart, scaled, rtol=1e-9, atol=1e-12)
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(
            f"surrogate 'custom': {rule!r} is not a derivative times grad: {reason}",
            "fn(z, grad, spikes) returns grad times a function of z and spikes, element by element",
        ) from error


def triangle(z: Tensor, grad: Tensor, spikes: Tensor) -> Tensor:
    """Return an example of a rule: the ``triangular`` surrogate of width 1."""
    return grad * (1 - z.abs()).clamp(min=0)
