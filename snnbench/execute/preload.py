"""What the forkserver loads once, so that each cell starts in milliseconds.

Built-in modules only: a plugin that starts threads or breaks at import must not do so in the process
that all cells are forked from.
"""

from __future__ import annotations

import torch

from snnbench.components.datasets import digits, yin_yang
from snnbench.components.networks import dense
from snnbench.execute import worker

__all__ = ["dense", "digits", "worker", "yin_yang"]

torch.use_deterministic_algorithms(True)  # its first call imports the compiler: seconds, paid here once
