"""A network with its encoder in front takes samples to logits and an exponent, in one call."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from snnbench.core.network import Network
from snnbench.core.shapes import NO_BATCH, check_shape
from snnbench.data.dataset import Encoder


class SampleNetwork(nn.Module):
    """Encodes samples over T steps, runs a network on them, and measures how its gradient grows in time.

    Args:
        network: Takes ``[T, B, *input_shape]``.
        encoder: Takes samples ``[B, *shape]``.
        gain: Factor on the samples before they are encoded.
        seed: Of the encoder's noise: each call draws on.

    Attributes:
        network: ``network(encode(x))`` gives the logits alone, without the cost of the exponent.
    """

    def __init__(self, network: Network, encoder: Encoder, *, gain: float = 1.0, seed: int = 0) -> None:
        super().__init__()
        self.network = network
        self.encoder = encoder
        self.gain = gain
        self.seed = seed
        self._calls = 0

    def encode(self, x: Tensor) -> Tensor:
        """Return the input over time, ``[T, B, *input_shape]``, of samples ``[B, *input_shape]``.

        Raises:
            UsageError: They have another shape, or values that the encoder does not take.
        """
        check_shape(x, ("B",), self.network.input_shape, NO_BATCH)
        generator = torch.Generator(x.device).manual_seed(self.seed + self._calls)
        self._calls += 1
        encoded: Tensor = self.encoder(self.gain * x, generator)
        return encoded

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits ``[B, classes]`` and the largest Lyapunov exponent ``[B]``, nats a step.

        Both are differentiable. The exponent is that of the gradient over the T steps of this batch, to be
        penalised in a loss (``Network.logits_and_exponent``).

        Args:
            x: Samples, ``[B, *shape]``.

        Raises:
            UsageError: The samples have another shape or values that the encoder does not take, or the
                network has no memory.
        """
        return self.network.logits_and_exponent(self.encode(x))
