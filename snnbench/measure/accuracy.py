"""Accuracy tells how many samples of a split a network classifies rightly."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from scipy.stats import binomtest
from torch import Tensor
from torch.nn.functional import cross_entropy

from snnbench.core.network import Network
from snnbench.data.dataset import Encoder, Split
from snnbench.data.loader import encode
from snnbench.errors import SnnbenchError
from snnbench.records import Metric

CHANCE_LEVEL: Final = 0.05
"""An accuracy that guessing reaches with a greater probability is flagged ``chance``."""

EVALUATION_BATCH = 512
"""Samples evaluated at once: part of the protocol, since a random encoder draws batch by batch."""


class DivergedError(SnnbenchError):
    """The loss is not finite."""


@dataclass(frozen=True, slots=True)
class Score:
    """A score has the mean cross-entropy (nats) and the accuracy (fraction) on a split."""

    loss: float
    accuracy: float


def score(network: Network, encoder: Encoder, split: Split, generator: torch.Generator) -> Score:
    """Evaluate ``network`` on ``split``; its classes, and ``generator``, are on the network's device.

    Raises:
        DivergedError: The loss is not finite: the logits mean nothing, whatever their argmax.
    """
    network.eval()
    loss, correct = 0.0, 0
    with torch.no_grad():
        for start in range(0, len(split), EVALUATION_BATCH):
            x, y = split.batch(slice(start, start + EVALUATION_BATCH))
            logits = network(*encode(encoder, x, y, generator).inputs)
            loss += float(cross_entropy(logits, y, reduction="sum"))
            correct += int((logits.argmax(1) == y).sum())
    if not math.isfinite(loss):
        raise DivergedError(f"the evaluation loss is {loss}", "try a smaller learning rate")
    return Score(loss / len(split), correct / len(split))


def accuracy(
    series: Mapping[str, Sequence[float]],
    chosen: int,
    test: Score,
    classes: Tensor,
    remarks: tuple[str, ...] = (),
) -> dict[str, Metric]:
    """Return the accuracy metrics of a trained cell.

    Args:
        series: The training history, one number an epoch.
        chosen: The epoch that validation chose.
        test: Of the chosen weights on the test split.
        classes: Class of each test sample ``[N]``.
        remarks: Further flags: what must be known of the data.
    """
    flags = (*remarks, "chance") if _is_chance(test.accuracy, classes) else remarks
    return {
        "accuracy.test": Metric(test.accuracy, flags=flags),
        "accuracy.test_last": Metric(series["test.accuracy"][-1]),
        "accuracy.validation": Metric(series["validation.accuracy"][chosen]),
        "accuracy.train": Metric(series["train.accuracy"][chosen]),
        "accuracy.epoch": Metric(float(chosen), unit="epoch"),
    }


def _is_chance(accuracy: float, classes: Tensor) -> bool:
    """Return whether always guessing the most frequent class is as good, as far as so many samples can tell.

    The one-sided exact binomial test at 5 %.
    """
    share = int(classes.bincount().max()) / len(classes)
    right = round(accuracy * len(classes))
    return bool(binomtest(right, len(classes), share, alternative="greater").pvalue > CHANCE_LEVEL)


def missing(reason: str) -> dict[str, Metric]:
    """Return all of the above, not measured."""
    units = {"test": "1", "test_last": "1", "validation": "1", "train": "1", "epoch": "epoch"}
    return {f"accuracy.{name}": Metric.missing(reason, unit) for name, unit in units.items()}
