"""Try or record something beside a computation, without a trace in it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks


@contextmanager
def isolated() -> Iterator[None]:
    """Run a block that uses up no random numbers and whose saved tensors no checkpoint around it sees.

    The compiler's warnings are kept from the user: what matters to a user is among the engine's refusals.
    """
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), torch.random.fork_rng([]), saved_tensors_hooks(_as_it_is, _as_it_is):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _as_it_is(tensor: Tensor) -> Tensor:
    return tensor
