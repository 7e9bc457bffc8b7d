"""Long sequences run in windows: checkpointing (Chen et al. 2016, arXiv:1604.06174) and truncation.

Truncated backpropagation (Williams & Peng 1990, Neural Computation 2(4)) here means: the loss is that
of the whole readout, and its gradient leaves out every path through a state between two windows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from snnbench.core.eager import State


class Windowed(Protocol):
    """Such a network can run window by window."""

    def window(self, x: Tensor, state: State | None) -> tuple[Tensor, State]: ...
    def buffers(self) -> Iterator[Tensor]: ...


@dataclass(frozen=True, slots=True)
class Windows:
    """This says how a network is differentiated over a long time.

    A window's forward pass keeps nothing but the state it ends with, and runs again when its backward
    pass needs the rest: memory for K steps instead of T, for one more forward pass.

    Attributes:
        steps: K, of one window. The last one may be shorter.
        cut: Gradients stop between windows.
    """

    steps: int
    cut: bool

    def run(self, network: Windowed, x: Tensor) -> Tensor:
        """Return the last layer's outputs ``[T, B, *]`` for ``x`` ``[T, B, *input_shape]``."""
        outputs = []
        state: State | None = None
        for part in torch.split(x, self.steps):
            if self.cut and state is not None:
                state = tuple(one.detach() for one in state)
            y, state = checkpoint(
                network.window, part, state, use_reentrant=False, context_fn=lambda: _contexts(network)
            )
            outputs.append(y)
        return torch.cat(outputs)


def _contexts(network: Windowed) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """Return the contexts of the forward pass and of its repetition."""
    return nullcontext(), _keeping_buffers(network)


@contextmanager
def _keeping_buffers(network: Windowed) -> Iterator[None]:
    """A BatchNorm per step has counted these steps already: its running statistics do not move again."""
    before = [(one, one.clone()) for one in network.buffers()]
    try:
        yield
    finally:
        with torch.no_grad():
            for one, value in before:
                one.copy_(value)
