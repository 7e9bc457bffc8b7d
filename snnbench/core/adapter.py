"""Neurons and surrogates of other libraries run as they ship, under the contract of this one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from snnbench.core.eager import State
from snnbench.core.neuron import Neuron
from snnbench.core.surrogate import Surrogate, active

Function: TypeAlias = Callable[[Tensor], Tensor]
_ABSENT = object()


class LibraryNeuron(Neuron):
    """A module that keeps its state in attributes, as a pure step.

    Before a call the state is put into the attributes; after it, it is taken out, and the attributes
    hold what they held before. The state starts at 0. Override ``call`` for a module that gives or
    takes more than one tensor, ``initial_state`` for one that starts elsewhere, and ``forward``, by
    ``calling``, for one that has a fast way through all steps.

    Args:
        module: Of the library; ``module(x_t)`` is a step.
        states: The attributes that hold its state, in order.
        scratch: Other attributes that a call writes, and that no later call reads.
    """

    def __init__(self, module: nn.Module, states: tuple[str, ...], scratch: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.module = module
        self.states = states
        self.scratch = scratch

    def initial_state(self, x_t: Tensor) -> State:
        return tuple(torch.zeros_like(x_t) for _ in self.states)

    def call(self, x: Tensor) -> Tensor:
        """Return the output of the module for ``x``."""
        y: Tensor = self.module(x)
        return y

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        return self.calling(self.call, x_t, state)

    def calling(self, function: Function, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Return ``function(x)`` while the module holds ``state``, and the state that it leaves."""
        held = {name: getattr(self.module, name, _ABSENT) for name in (*self.states, *self.scratch)}
        try:
            for name, value in zip(self.states, state, strict=True):
                setattr(self.module, name, value)
            y = function(x)
            return y, tuple(getattr(self.module, name) for name in self.states)
        finally:
            for name, before in held.items():
                if before is not _ABSENT:
                    setattr(self.module, name, before)
                elif hasattr(self.module, name):
                    delattr(self.module, name)


class LibrarySurrogate(Surrogate):
    """A spike function of another library gives its forward, and its backward the derivative.

    The spikes are the library's, whatever its rule at 0, in the dtype of ``z`` even where the library
    casts them.

    Args:
        factory: ``factory(**params)`` is the library's spike function; importable by name.
        **params: Its parameters.
    """

    def __init__(self, factory: Callable[..., Function], **params: Any) -> None:
        self.factory = factory
        self.params = params
        self.function = factory(**params)

    def forward(self, z: Tensor) -> Tensor:
        return self.function(z).to(z.dtype)

    def derivative(self, z: Tensor) -> Tensor:
        return LibraryDerivative.apply(z, self.function, 1)  # type: ignore[no-any-return]

    def _traced(self, z: Tensor) -> Tensor:
        frozen = active() == "true"
        return self.forward(z.detach()) + 0 * z.nan_to_num() if frozen else self.forward(z)

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), **self.params), (self.factory,)  # the function itself may be a closure

    def __repr__(self) -> str:
        params = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"{self.factory.__module__}.{self.factory.__qualname__}({params})"


class LibraryDerivative(torch.autograd.Function):
    """This Function is the n-th derivative of an elementwise function, by its own backward.

    Most libraries' functions know no forward mode and no ``vmap``. All of these rules end in
    ``forward``, where no transform is active, so that the function is called as in plain training.
    """

    @staticmethod
    def forward(z: Tensor, function: Function, order: int) -> Tensor:
        with torch.enable_grad():
            z = z.detach().requires_grad_()
            y = function(z)
            for _ in range(order):
                y = _differentiate(y, z)
        return y.detach()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Function, int], output: Tensor) -> None:
        z, ctx.function, ctx.order = inputs
        ctx.save_for_backward(z)
        ctx.save_for_forward(z)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return (
            gradients[0] * LibraryDerivative.apply(*ctx.saved_tensors, ctx.function, ctx.order + 1),
            None,
            None,
        )

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        slope = LibraryDerivative.apply(*ctx.saved_tensors, ctx.function, ctx.order + 1)
        result: Tensor = tangents[0] * slope
        return result

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None, None, None], z: Tensor, function: Function, order: int
    ) -> tuple[Tensor, int | None]:
        return LibraryDerivative.apply(z, function, order), in_dims[0]  # elementwise: no axis to move


def _differentiate(y: Tensor, z: Tensor) -> Tensor:
    """Return dy/dz, differentiable once more; 0 where ``y`` does not depend on ``z``."""
    if not y.requires_grad:
        return torch.zeros_like(z)
    (slope,) = torch.autograd.grad(y.sum(), z, create_graph=True, materialize_grads=True)
    return slope


@contextmanager
def drawing_from(generator: torch.Generator) -> Iterator[None]:
    """Within this context torch's global generator draws what ``generator`` decides.

    For libraries that draw weights or spikes from the global generator of ``generator``'s device, which
    is as it was afterwards.
    """
    device = generator.device
    seed = torch.randint(2**62, (), generator=generator, device=device)
    ours = (
        torch.default_generator if device.type == "cpu" else torch.cuda.default_generators[device.index or 0]
    )
    before = ours.get_state()
    ours.manual_seed(int(seed))
    try:
        yield
    finally:
        ours.set_state(before)


def log_decay(decay: float) -> float:
    """Return the exponent, nats a step, of a state that is multiplied by ``decay`` a step; −∞ for 0."""
    return math.log(abs(decay)) if decay else -math.inf
