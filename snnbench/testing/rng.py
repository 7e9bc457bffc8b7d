"""The global random generators, which nothing may draw from."""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from snnbench.testing.outcomes import Violation


@contextmanager
def no_global_draws(doing: str, smallest: str = "") -> Iterator[None]:
    """What runs within must leave the generators of torch, numpy and Python alone.

    Raises:
        Violation: It drew; the text begins with ``doing``.
    """
    before = _states()
    yield
    drawn = [name for name, state in _states().items() if state != before[name]]
    if drawn:
        raise Violation(
            f"{doing} draws from the global random generator of {' and '.join(drawn)}",
            smallest=smallest,
            hint="draw from the generator that is handed over, or from one that is seeded from it",
        )


def _states() -> dict[str, object]:
    return {
        "torch": torch.get_rng_state().numpy().tobytes(),
        "Python": random.getstate(),
        "numpy": pickle.dumps(np.random.get_state()),  # noqa: NPY002  the global one is what is looked at
    }
