"""Fitting tells what an encoder's bins cut off of recordings, and what in them is padding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch

from snnbench.data.dataset import Dataset, Encoder, real_steps
from snnbench.data.events import Events
from snnbench.data.recordings import Recordings
from snnbench.records import Metric

OUTSIDE, PADDING, DURATION = "data.outside", "data.padding", "data.duration"

MOST: Final = 100
"""Training recordings that are looked at, evenly spread."""

LIMITS: Final = {OUTSIDE: (0.01, "events cut off"), PADDING: (0.9, "mostly padding")}
"""Above which share a row is marked, and how."""


def fitting(data: Dataset, encoder: Encoder, steps: int) -> dict[str, Metric]:
    """Measure how recordings fit into the bins; return nothing for other data.

    Times in another unit than was meant show up here.

    Args:
        data: As it was published or generated.
        encoder: Of its recordings.
        steps: T, the number of bins.

    Returns:
        ``data.duration``: median time from the first event of a recording to its last, in s;
        ``data.outside``: share of the events that lie in no bin, missing where the encoder has no method
        ``outside`` that tells; ``data.padding``: share of the bins that come after a recording.
    """
    if not isinstance(data.train.x, Events | Recordings):
        return {}
    count = min(len(data.train), MOST)
    chosen = data.train.x[torch.linspace(0, len(data.train) - 1, count).long()]
    spans = torch.tensor(
        [float(rows[:, 0].max() - rows[:, 0].min()) if len(rows) else 0.0 for rows in chosen]
    )
    real = real_steps(encoder, chosen)
    return {
        DURATION: Metric(float(spans.median()) / 1e6, "s"),
        OUTSIDE: _outside(encoder, chosen),
        PADDING: Metric(0.0 if real is None else 1 - float(real.double().mean()) / steps),
    }


def missing(reason: str) -> dict[str, Metric]:
    """Return that none of them is known, with the reason."""
    return {
        DURATION: Metric.missing(reason, "s"),
        OUTSIDE: Metric.missing(reason),
        PADDING: Metric.missing(reason),
    }


def _outside(encoder: Encoder, events: Events) -> Metric:
    count = getattr(encoder, "outside", None)
    if count is None:
        return Metric.missing("the encoder does not say which events it leaves out")
    return Metric(float(count(events).sum()) / max(len(events.rows), 1))


def remarks(facts: Mapping[str, Metric]) -> tuple[str, ...]:
    """Return the marks that ``facts`` put beside an accuracy."""
    found = ((facts[name].value, *limit) for name, limit in LIMITS.items() if name in facts)
    return tuple(mark for value, most, mark in found if value is not None and value > most)
