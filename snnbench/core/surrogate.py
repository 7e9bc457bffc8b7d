"""A spike function steps forward, and has a surrogate derivative for every kind of gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import torch
import torch.autograd.forward_ad
from torch import Tensor

from snnbench.core import torch_private

Derivative: TypeAlias = Literal["surrogate", "true"]

_derivative: ContextVar[Derivative] = ContextVar("snnbench_derivative", default="surrogate")


class _Traced:
    """torch.compile traces no context variable before torch 2.14; it guards this derivative instead."""

    derivative: Derivative = "surrogate"
    reverse_only: bool = False


@contextmanager
def derivative(which: Derivative) -> Iterator[None]:
    """Within this context, differentiate spikes by the ``surrogate`` or by the ``true`` derivative.

    The true derivative of a spike is 0 almost everywhere: the spikes are frozen. A graded spike
    function is smooth: its true derivative is its derivative.
    """
    token, before = _derivative.set(which), _Traced.derivative
    _Traced.derivative = which
    try:
        yield
    finally:
        _derivative.reset(token)
        _Traced.derivative = before


def active() -> Derivative:
    """Return the derivative in force."""
    return _Traced.derivative if torch.compiler.is_compiling() else _derivative.get()


@dataclass(slots=True)
class SpikeCount:
    """It counts how often a surrogate was asked for spikes, and how often for spikes that are not graded."""

    count: int = 0
    steep: int = 0


_spikes: ContextVar[SpikeCount | None] = ContextVar("snnbench_spikes", default=None)


@contextmanager
def counting_spikes() -> Iterator[SpikeCount]:
    """Count calls of surrogates within this context: 0 tells that spikes were made by other means.

    A context around this one counts them too.
    """
    count, outer = SpikeCount(), _spikes.get()
    token = _spikes.set(count)
    try:
        yield count
    finally:
        _spikes.reset(token)
        if outer is not None:
            outer.count += count.count
            outer.steep += count.steep


def spikes_are_frozen() -> bool:
    """Return whether a neuron that spikes without a surrogate is to use the true derivative now.

    Asking counts as a call of one: such a neuron, too, honours the derivative.
    """
    if not torch.compiler.is_compiling() and (spikes := _spikes.get()) is not None:
        spikes.count += 1
    return active() == "true"


SpikeRule: TypeAlias = Callable[[Tensor, Tensor], Tensor]

_rule: ContextVar[SpikeRule | None] = ContextVar("snnbench_spike_rule", default=None)


@contextmanager
def replacing_spikes(rule: SpikeRule) -> Iterator[None]:
    """Within this context every surrogate, asked for the spikes at z, gives ``rule(z, spikes)`` instead."""
    token = _rule.set(rule)
    try:
        yield
    finally:
        _rule.reset(token)


@contextmanager
def reverse_only() -> Iterator[None]:
    """Within, what is compiled is differentiated in reverse mode alone: it compiles and runs faster."""
    before = _Traced.reverse_only
    _Traced.reverse_only = True
    try:
        yield
    finally:
        _Traced.reverse_only = before


def observed() -> bool:
    """Return whether a context above changes or counts spikes.

    They must then come from surrogates, one by one.

    Compiled code and kernels would not notice it.
    """
    return _derivative.get() != "surrogate" or _spikes.get() is not None or _rule.get() is not None


def transformed() -> bool:
    """Return True inside a functorch transform or forward-mode AD, which need more than a backward pass."""
    return torch_private.is_in_functorch_transform() or torch_private.is_in_forward_mode()


class Surrogate:
    """A spike function of ``z = membrane − threshold`` is abstract: subclasses give ``derivative``.

    Elementwise, without state, picklable. ``forward`` is the strict step H(z), 1 where z > 0;
    a graded spike function overrides it.

    Attributes:
        graded: ``forward`` is smooth and ``derivative`` is its exact derivative.
        random: The derivative has noise: every call sees a function of its own, which ``drawn`` gives.
    """

    graded: bool = False
    random: bool = False

    def drawn(self) -> Surrogate:
        """Return the spike function of one call: this one, unless it is ``random``."""
        return self

    def derivative(self, z: Tensor) -> Tensor:
        """Return the surrogate of dH/dz at ``z``, same shape, dtype and device; for a finite ``z`` never NaN.

        It is infinite where its value exceeds the dtype: ``atan(alpha=1e6)`` at threshold in float16.
        """
        raise NotImplementedError

    def forward(self, z: Tensor) -> Tensor:
        """Return the spikes at ``z``, same shape, dtype and device."""
        return (z > 0).to(z.dtype)

    def __call__(self, z: Tensor) -> Tensor:
        """Return the spikes at ``z``, differentiable in reverse and forward mode and under ``vmap``."""
        if torch.compiler.is_compiling():
            return ReverseSpike.apply(z, self) if _Traced.reverse_only else self._traced(z)
        if observed() or transformed():
            return SpikeFunction.apply(z, self.drawn())  # type: ignore[no-any-return]
        if z.requires_grad and torch.is_grad_enabled():
            return ReverseSpike.apply(z, self.drawn())  # type: ignore[no-any-return]
        return self.forward(z)

    def _traced(self, z: Tensor) -> Tensor:
        """Return the spikes by plain operations: torch.compile refuses a Function that has a forward mode."""
        fixed = z.detach()
        zero = (z - fixed).nan_to_num()  # 0 at infinity too; its derivative is 1
        return self.forward(fixed) + self.active_derivative(fixed, active()) * zero

    def active_derivative(self, z: Tensor, which: Derivative) -> Tensor:
        """Return ``derivative(z)``, or 0 where ``which`` is ``true``: spikes, unless graded, are frozen."""
        return self.derivative(z) if self.graded or which == "surrogate" else torch.zeros_like(z)

    def __repr__(self) -> str:
        params = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if name[0] != "_")
        return f"{type(self).__name__}({params})"


class SpikeFunction(torch.autograd.Function):
    """This Function has the backward, forward-mode and batching rules of every surrogate."""

    @staticmethod
    def forward(z: Tensor, surrogate: Surrogate) -> Tensor:
        spikes, rule = surrogate.forward(z), _rule.get()
        return spikes if rule is None else rule(z, spikes)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Surrogate], output: Tensor) -> None:
        z, ctx.surrogate = inputs
        if (spikes := _spikes.get()) is not None:
            spikes.count += 1
            spikes.steep += not ctx.surrogate.graded
        ctx.derivative = _derivative.get()  # now: a backward pass may run in a thread without the context
        ctx.save_for_backward(z)
        ctx.save_for_forward(z)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (z,) = ctx.saved_tensors
        return gradients[0] * ctx.surrogate.active_derivative(z, ctx.derivative), None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        (z,) = ctx.saved_tensors
        result: Tensor = tangents[0] * ctx.surrogate.active_derivative(z, ctx.derivative)
        return result

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None, None], z: Tensor, surrogate: Surrogate
    ) -> tuple[Tensor, int | None]:
        return SpikeFunction.apply(z, surrogate), in_dims[0]  # elementwise: no axis to move


class ReverseSpike(torch.autograd.Function):
    """This is ``SpikeFunction`` with a backward pass alone, for plain training and torch.compile.

    Its call takes half the time: torch binds the signature anew in every call of a function that has a
    ``setup_context``.
    """

    @staticmethod
    def forward(ctx: Any, z: Tensor, surrogate: Surrogate) -> Tensor:
        ctx.surrogate = surrogate
        ctx.save_for_backward(z)
        return surrogate.forward(z)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (z,) = ctx.saved_tensors
        return gradients[0] * ctx.surrogate.derivative(z), None
