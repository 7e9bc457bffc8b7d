"""A neuron gives a pure step and an initial state; everything else follows from them."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from snnbench.core.eager import EAGER, Engine, State
from snnbench.core.precision import HALF
from snnbench.core.tangents import Pushed, TangentStep, push_elementwise
from snnbench.errors import UsageError

Bounds: TypeAlias = tuple[float, float]
"""Least and greatest value, both allowed."""


class SavedTensors(NamedTuple):
    """Tensors of the size of a population, ``[B, *features]``, that autograd keeps of a step of eager mode.

    Attributes:
        always: Of every step.
        later: Of every step but the first, whose state has no graph, or the last, whose state is not used.
        output: The step keeps its own output besides: it counts once, whoever else keeps it.
    """

    always: int
    later: int = 0
    output: bool = False


class Neuron(nn.Module):
    """A population of neurons is abstract: subclasses give ``initial_state`` and ``step``.

    A neuron that reads the spikes of the step before, as one with a delayed reset does, may give
    ``previous_spikes`` and ``step_after`` in place of ``step``. The eager engine then hands the spikes from
    a step to the next, and they are not computed from the membrane a second time.

    Shapes: T steps, B samples, ``features`` the shape of the population. Time is the first axis.

    Attributes:
        states: Names of the state tensors, in order; empty for a population without memory.
        pushes: ``push`` can be called: as it is given, where no unit sees another one (its output and next
            state depend on its own input and state alone), else in a form of the population's own.
            Stability is then measured several times faster. A wrong claim is found out.
        engine: Runs ``step`` over time. A population that overrides ``forward`` runs by itself.
        bounds: Name of a learned parameter to what it may be. ``step`` must take a value beyond a bound
            for the bound and pass its gradient on: see ``project``.
    """

    states: tuple[str, ...] = ("membrane",)
    pushes: bool = False
    engine: Engine = EAGER

    def __init__(self) -> None:
        super().__init__()
        self.bounds: dict[str, Bounds] = {}

    @torch.no_grad()
    def project(self) -> None:
        """Put learned parameters back within their bounds; training calls it after each optimiser step."""
        for name, bounds in self.bounds.items():
            self.get_parameter(name).clamp_(*bounds)

    def initial_state(self, x_t: Tensor) -> State:
        """Return the state before the first step, for an input like ``x_t`` ``[B, *features]``.

        Every state tensor has B as its first axis, and the dtype and device of ``x_t``.
        """
        raise NotImplementedError

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        """Take one time step. It is pure: the same arguments give the same result and nothing is written.

        Args:
            x_t: Input current, ``[B, *features]``.
            state: State after the previous step.

        Returns:
            The output, ``[B, *features]``, and the next state.
        """
        spikes = self.previous_spikes(state)
        if spikes is None:
            raise NotImplementedError
        return self.step_after(x_t, state, spikes)

    def previous_spikes(self, state: State) -> Tensor | None:
        """Return the output of the step that left ``state``, or None where a step does not read it.

        Args:
            state: State after a step; before the first step, the initial state.
        """
        return None

    def step_after(self, x_t: Tensor, state: State, spikes: Tensor) -> tuple[Tensor, State]:
        """Take one time step, as ``step`` does, given ``spikes = previous_spikes(state)``."""
        raise NotImplementedError

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Run all steps of ``x`` ``[T, B, *features]``: the outputs ``[T, B, *features]`` and the last state.

        Under autocast the state is in single precision whatever the input is: a membrane sums up what
        half precision would round away.

        Raises:
            UsageError: There are no steps.
        """
        if x.ndim < 2 or len(x) == 0:
            raise UsageError(f"a neuron takes [T, B, *features], T ≥ 1, got shape {list(x.shape)}")
        if state is None:
            single = torch.is_autocast_enabled(x.device.type) and x.dtype in HALF
            state = self.initial_state(x[0].float() if single else x[0])
        return self.engine.run(self, x, state)

    @property
    def native(self) -> bool:
        """Return whether it runs over time by a ``forward`` of its own, which no engine changes."""
        return type(self).forward is not Neuron.forward

    def saved_for_backward(self) -> SavedTensors | None:
        """Return what autograd keeps of a step; None where nobody has counted.

        Measurements are checked against it.
        """
        return None

    def push(
        self, x_t: Tensor, state: State, dx: Tensor | None, dstate: State, *, last: bool = False
    ) -> Pushed:
        """Take one step and push k tangents through it; as given, for units that do not see each other.

        Args:
            x_t: Input current, ``[B, *features]``.
            state: State after the previous step.
            dx: Tangents of the input, ``[k, B, *features]``; None for none.
            dstate: Tangents of each part of the state.
            last: Nobody asks for the tangents of the output.

        Returns:
            Output and next state, then the tangents of both, as training differentiates.
        """
        return push_elementwise(self.step, x_t, state, dx, dstate, last=last)

    @property
    def tangent_step(self) -> TangentStep | None:
        """Return ``push`` for an input without tangents, and without the output.

        None where there is no ``push``, and where the surrogate draws noise anew in every call: ``push``
        could not be compared with the gradients.
        """
        if not self.pushes or getattr(getattr(self, "surrogate", None), "random", False):
            return None
        return lambda x_t, state, dstate: self.push(x_t, state, None, dstate, last=True)[1::2]

    def disturbance_unit(self) -> tuple[float | Tensor, ...] | None:
        """Return the size of a disturbance that counts as 1 in each part of the state: threshold minus rest.

        Stability gives sizes in it, so that a population and its rescaling (threshold and incoming weights
        times c) have the same numbers. What scales with the membrane, as a current does, has the membrane's
        unit; what counts spikes has 1. Each is a number above 0, or a tensor to be broadcast to ``features``.

        None for a population without a threshold: its states then count in units of their own, and a report
        says so.
        """
        return None

    def leak_exponent(self) -> float | None:
        """Return the largest Lyapunov exponent under the true derivative (spikes frozen), nats a step.

        None where it has no closed form. Stability measurements are checked against it.
        """
        return None
