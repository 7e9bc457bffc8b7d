"""The compiled engines: a loop over all steps where one can be made; else eager, or chunks of unrolled steps.

What comes out is compared with the eager engine before it is trusted.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Any, Final

import torch
from torch import Tensor

from snnbench.compiler import chunks
from snnbench.compiler.agreement import Run, disagreement
from snnbench.compiler.chunks import chunk_steps
from snnbench.compiler.cuda_graphs import Graphs
from snnbench.compiler.fingerprint import Fingerprints
from snnbench.compiler.isolation import isolated
from snnbench.compiler.loop import Loop
from snnbench.compiler.program import UnsupportedStepError
from snnbench.core import torch_private
from snnbench.core.eager import EAGER, State, Stepping
from snnbench.core.surrogate import observed, transformed

MOST_LOOPS: Final = 64
"""Upper limit of the loops of one engine: a neuron whose constants change on every call would otherwise
compile without end."""


class Strategy(StrEnum):
    """This says how a population ran over time."""

    LOOP = "loop"
    """A compiled loop over all its steps."""
    CHUNKS = "chunks"
    """Chunks of unrolled steps, compiled."""
    EAGER = "eager"
    """One step after the other, operation by operation."""


class Compiled:
    """Runs any neuron with a pure step. The first call of each kind compiles, and compares with eager.

    Args:
        chunk: Steps of a chunk, for neurons of which no loop is made; None to fit it to the first input.
            It stays what it is, whatever the length of later inputs, as each length of a chunk is compiled
            by itself.
        only_loops: Run neurons of which no loop is made eagerly, instead of by chunks.

    Attributes:
        name: ``loop`` with ``only_loops``, else ``compiled``.
        refusals: Why a population runs eagerly instead, by its class and by what would run it: it could
            not be compiled, or disagreed. All others keep their loops.
        no_loop: Why there is none, for the kinds of neurons of which no loop is made.
    """

    def __init__(self, chunk: int | None = None, *, only_loops: bool = False) -> None:
        self.name = "loop" if only_loops else "compiled"
        self.only_loops = only_loops
        self.chunk = chunk
        self.refusals: dict[tuple[type, Run | None], str] = {}
        self.no_loop: dict[type, str] = {}
        self._graphs = Graphs()
        self._fingerprints = Fingerprints()
        self._trusted: set[tuple[Any, ...]] = set()
        self._loops: dict[tuple[object, ...], Loop | str] = {}

    def run(self, neuron: Stepping, x: Tensor, state: State) -> tuple[Tensor, State]:
        if not (state and x.numel()) or _observed():
            return EAGER.run(neuron, x, state)
        if getattr(
            getattr(neuron, "surrogate", None), "random", False
        ):  # to record it would use up its noise
            self.refusals[type(neuron), None] = "the surrogate draws noise anew in every call"
            return EAGER.run(neuron, x, state)
        run = self._strategy(neuron, x, state)
        if run is None or not self._is_trusted(neuron, x, state, run):
            return EAGER.run(neuron, x, state)
        if x.is_cuda and run == self._by_chunks:
            return self._graphs.run(neuron, x, state, run, self._fingerprint(neuron))
        return run(neuron, x, state)

    def _is_trusted(self, neuron: Stepping, x: Tensor, state: State, run: Run) -> bool:
        """Return whether ``run`` agreed with eager, on this very input if it is the first of its kind."""
        if (type(neuron), run) in self.refusals:
            return False
        kind = (type(neuron), run, x.shape[2:], x.dtype, x.device, torch.is_grad_enabled())
        if kind in self._trusted:
            return True
        if not x.detach().isfinite().all():  # no input to judge by
            return False
        if refusal := _trial(neuron, x, state, run):
            self.refusals[type(neuron), run] = refusal
            return False
        self._trusted.add(kind)
        return True

    def _strategy(self, neuron: Stepping, x: Tensor, state: State) -> Run | None:
        """Return what runs the population; None for eager, as where an input is too short for a chunk."""
        loop = self.loop(neuron, x, state)
        if loop is not None:
            return loop.run
        if self.only_loops:
            return None
        if self.chunk is None:
            self.chunk = chunk_steps(len(x))
        return self._by_chunks if x.shape[1] > 1 and len(x) >= self.chunk else None

    def _by_chunks(self, neuron: Stepping, x: Tensor, state: State) -> tuple[Tensor, State]:
        assert self.chunk is not None
        return chunks.run(neuron, x, state, self.chunk)

    def loop(self, neuron: Stepping, x: Tensor, state: State) -> Loop | None:
        """Return the loop over all steps of this kind of neuron and input; None where there is none."""
        loop = self._loop(neuron, x, state)
        if isinstance(loop, Loop):
            return loop
        self.no_loop[type(neuron)] = loop
        return None

    def _loop(self, neuron: Stepping, x: Tensor, state: State) -> Loop | str:
        """Return the loop, or why there is none."""
        held = self._fingerprint(neuron)
        if isinstance(held, str):
            return held
        if x.device.type not in {"cpu", "cuda"}:
            return f"no loop runs on {x.device.type}"
        if any(part.shape != x.shape[1:] for part in state):
            return "its state is not of the shape of its input"
        form = (x.device, x.dtype, *(part.dtype for part in state), torch.is_autocast_enabled(x.device.type))
        kind = (form, held)
        if kind not in self._loops:
            if len(self._loops) == MOST_LOOPS:
                return f"its numbers change: {MOST_LOOPS} loops were made"
            self._loops[kind] = _made(neuron, x, state)
        return self._loops[kind]

    def _fingerprint(self, neuron: Stepping) -> int | str:
        """Return what the neuron holds, or why that cannot be told."""
        try:
            return self._fingerprints.of(neuron)  # type: ignore[arg-type]
        except UnsupportedStepError as error:
            return str(error)

    @property
    def refusal(self) -> str:
        """Return which populations run eagerly and why; empty if none does."""
        told = {f"{kind.__name__}: {reason}" for (kind, _), reason in self.refusals.items()}
        return " / ".join(sorted(told))

    def strategies(self, kind: type) -> frozenset[Strategy]:
        """Return how populations of a class have run so far: several ways where not all calls were alike."""
        ran = {self._named(run) for one, run, *_ in self._trusted if one is kind}
        refused = any(one is kind for one, _ in self.refusals)
        if refused or not ran or (kind in self.no_loop and Strategy.CHUNKS not in ran):
            ran.add(Strategy.EAGER)
        return frozenset(ran)

    def _named(self, run: Run) -> Strategy:
        return Strategy.CHUNKS if run == self._by_chunks else Strategy.LOOP

    @property
    def strategy(self) -> str:
        """Return what has run: ``all steps`` at once by loops, or ``10 steps: why`` at a time by chunks."""
        chunked = [self.no_loop[kind] for kind, run, *_ in self._trusted if run == self._by_chunks]
        return f"{self.chunk} steps: {' / '.join(sorted({*chunked}))}" if chunked else "all steps"

    def __deepcopy__(self, memo: object) -> Compiled:
        return self  # a copy of a network is run by the same engine

    def __reduce__(self) -> tuple[Callable[..., Compiled], tuple[int | None]]:
        # what was compiled stays where it is
        return partial(type(self), only_loops=self.only_loops), (self.chunk,)

    def __repr__(self) -> str:
        return f"Compiled(chunk={self.chunk}, only_loops={self.only_loops})"


def _trial(neuron: Stepping, x: Tensor, state: State, run: Run) -> str:
    """Compile, and compare with eager on this very input; return what is wrong, if something is."""
    try:
        with isolated():
            return disagreement(neuron, x, state, EAGER.run, run)
    except Exception as error:
        first = str(error).strip().partition("\n")[0]
        return f"it cannot be compiled: {type(error).__name__}: {first}"


def _made(neuron: Stepping, x: Tensor, state: State) -> Loop | str:
    try:
        with isolated():
            return Loop(neuron, x, state)
    except UnsupportedStepError as error:
        return str(error)


def _observed() -> bool:
    """Return True where operations or spikes are counted or changed: compiled code would hide them."""
    return transformed() or torch_private.is_in_dispatch_mode() or observed()
