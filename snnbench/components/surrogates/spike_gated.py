"""Gradient gated by the spike: snnTorch's ``Heaviside`` (Eshraghian et al. 2023, Proc. IEEE 111(9))."""

from __future__ import annotations

from torch import Tensor

from snnbench.core.surrogate import Surrogate


class SpikeGated(Surrogate):
    """Derivative of the size of the spike: the gradient passes where there is a spike and nowhere else."""

    def derivative(self, z: Tensor) -> Tensor:
        return (z > 0).to(z.dtype)
