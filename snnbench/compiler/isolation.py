"""What is tried or recorded beside a computation leaves no trace in it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks


@contextmanager
def aside() -> Iterator[None]:
    """Within, random numbers are not used up, and no checkpoint around minds what is saved.

    The compiler's warnings are kept from the user: what matters comes back as an engine's refusal.
    """
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), torch.random.fork_rng([]), saved_tensors_hooks(_as_it_is, _as_it_is):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def saving_is_watched() -> bool:
    """Whether someone, a checkpoint for one, replaces what is saved for backward, and counts it."""
    return torch._C._autograd._top_saved_tensors_default_hooks(False) is not None


def _as_it_is(tensor: Tensor) -> Tensor:
    return tensor
