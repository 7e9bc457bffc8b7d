"""A cell trains by the matrix's budget: Adam on cross-entropy, the epoch chosen on validation.

``train.loss`` is the cross-entropy alone, also where the budget adds stability to what is minimised.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from snnbench.core.network import Network
from snnbench.core.penalty import penalty
from snnbench.data.dataset import Dataset, Encoder, Split
from snnbench.data.loader import Batch, Waiting, batches
from snnbench.measure.accuracy import DivergedError, Score, score
from snnbench.records import derive_seed
from snnbench.settings import Budget

EXPLODED: Final = 10.0
"""The last epoch's loss over the first batch's, at least 1 nat, from which on training has exploded."""

OnEpoch: TypeAlias = Callable[[int, float], None]


@dataclass(frozen=True, slots=True)
class History:
    """A history records what training went through.

    Attributes:
        series: ``train.loss``, ``train.accuracy``, ``validation.loss``, ``validation.accuracy`` and
            ``test.accuracy``: one number an epoch.
        chosen: The epoch, from 0, whose weights were kept: best on validation. None without epochs.
        initial: The loss of the first batch, before the first step of the optimiser, nats.
    """

    series: dict[str, tuple[float, ...]]
    chosen: int | None
    initial: float

    @property
    def exploded(self) -> bool:
        """Return whether training made the loss far larger, as steps too large for the weights do."""
        losses = self.series.get("train.loss", (0.0,))
        return losses[-1] > EXPLODED * max(self.initial, 1.0)


class Trainer:
    """Trains ``network`` in place.

    Args:
        network: On ``device``.
        encoder: Spreads samples over time, afresh for each training batch.
        data: Its train split is learned, its validation split chooses the epoch.
        budget: What may be spent.
        key: The cell's key; every random stream is derived from it.
        device: Where to compute.

    Raises:
        UsageError: The budget asks for windows that the network does not allow.
    """

    def __init__(
        self,
        network: Network,
        encoder: Encoder,
        data: Dataset,
        *,
        budget: Budget,
        key: str,
        device: torch.device,
    ) -> None:
        self.network = network.spend(budget)
        self.encoder = encoder
        self.train, self.validation, self.test = (
            split.near(device) for split in (data.train, data.validation, data.test)
        )
        self.budget = budget
        self.key = key
        self.device = device
        self.optimizer = torch.optim.Adam(
            network.parameters(), lr=budget.learning_rate, weight_decay=budget.weight_decay
        )
        self.steps = 0
        self.initial = torch.zeros((), device=device)
        self.order = torch.Generator().manual_seed(derive_seed(key, "order"))
        self.noise = self._generator("encoder")
        self.waiting = Waiting(device)

    def run(self, on_epoch: OnEpoch = lambda epoch, accuracy: None) -> History:
        """Train for the whole budget; leave the network in evaluation mode at the chosen epoch.

        Args:
            on_epoch: Told each finished epoch's index and validation accuracy.

        Raises:
            DivergedError: A loss is not finite.
        """
        series: dict[str, list[float]] = {}
        best, chosen = (-math.inf, -math.inf), None
        weights = copy.deepcopy(self.network.state_dict())
        for epoch in range(self.budget.epochs):
            row = self._epoch(epoch)
            for name, value in row.items():
                series.setdefault(name, []).append(value)
            rank = (row["validation.accuracy"], -row["validation.loss"])
            if rank > best:
                best, chosen = rank, epoch
                weights = copy.deepcopy(self.network.state_dict())
            on_epoch(epoch, row["validation.accuracy"])
        self.network.load_state_dict(weights)
        self.network.eval()
        curves = {name: tuple(values) for name, values in series.items()}
        return History(curves, chosen, float(self.initial))

    def score(self, split: Split) -> Score:
        """Return the loss and accuracy on ``split``, encoded the same way at every call."""
        return score(self.network, self.encoder, split, self._generator("encoder.evaluation"))

    def _epoch(self, epoch: int) -> dict[str, float]:
        """Train on the train split once; return everything that the history records of it."""
        self.network.train()
        loss = torch.zeros((), device=self.device)
        correct = torch.zeros((), device=self.device, dtype=torch.int64)
        for batch in self.waiting.watch(self._batches()):
            y = batch.y
            logits = self.network(*batch.inputs)
            batch_loss = cross_entropy(logits, y)
            if self.steps == 0:
                self.initial = batch_loss.detach()
            self._descend(batch_loss + self._penalty(batch.x))
            loss += batch_loss.detach() * len(y)
            correct += (logits.argmax(1) == y).sum()
        mean_loss = float(loss) / len(self.train)
        if not math.isfinite(mean_loss):
            raise DivergedError(
                f"the training loss is {mean_loss} in epoch {epoch}", "try a smaller learning rate"
            )
        validation = self.score(self.validation)
        return {
            "train.loss": mean_loss,
            "train.accuracy": int(correct) / len(self.train),
            "validation.loss": validation.loss,
            "validation.accuracy": validation.accuracy,
            "test.accuracy": self.score(self.test).accuracy,
        }

    def _descend(self, loss: Tensor) -> None:
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        for neuron in self.network.neurons:
            neuron.project()
        self.steps += 1

    def _penalty(self, x: Tensor) -> Tensor | float:
        """Return what the budget adds to the loss of this optimiser step."""
        regulariser = self.budget.stability
        if regulariser is None or self.steps % regulariser.every:
            return 0.0
        return penalty(self.network, x, regulariser)

    def _batches(self) -> Iterator[Batch]:
        """Return the train split, encoded, in a fresh order; the last batch may be smaller."""
        order = torch.randperm(len(self.train), generator=self.order).to(self.device)
        return batches(self.train, order, self.budget.batch_size, self.encoder, self.noise)

    def _generator(self, stream: str) -> torch.Generator:
        return torch.Generator(self.device).manual_seed(derive_seed(self.key, stream))
