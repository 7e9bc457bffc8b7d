"""Encoded batches, the next one fetched while one is in use; and how long a device waits for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from time import perf_counter
from typing import NamedTuple

import torch
from torch import Tensor

from snnbench.data.dataset import Encoder, Samples, Split, real_steps
from snnbench.data.recordings import Recordings
from snnbench.data.sequences import Sequences


class Batch(NamedTuple):
    """Samples that are encoded.

    Attributes:
        x: ``[T, B, *encoded_shape]``.
        y: Classes, ``[B]``.
        lengths: Real steps of each sample, ``[B]``; None where all are.
    """

    x: Tensor
    y: Tensor
    lengths: Tensor | None

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """Return what a network is called with."""
        return (self.x,) if self.lengths is None else (self.x, self.lengths)


def encode(encoder: Encoder, x: Samples, y: Tensor, generator: torch.Generator) -> Batch:
    """Return one batch of samples ``x`` and classes ``y``, encoded."""
    return Batch(encoder(x, generator), y, real_steps(encoder, x))


def batches(
    split: Split, order: Tensor, size: int, encoder: Encoder, generator: torch.Generator
) -> Iterator[Batch]:
    """Yield the samples of ``split`` in ``order``, ``size`` at a time; the last batch may be smaller.

    Encoding is done by the caller's thread, so that random numbers are drawn in one order only.

    Args:
        split: Its classes are on the generator's device, its samples there or on the CPU.
        order: Indices of samples.
        size: B.
        encoder: Of the samples.
        generator: The encoder's.
    """
    on_disk = isinstance(split.x, Recordings | Sequences)
    fetched = _ahead(split, order, size) if on_disk else map(split.batch, torch.split(order, size))
    for x, y in fetched:
        yield encode(encoder, x, y, generator)


def _ahead(split: Split, order: Tensor, size: int) -> Iterator[tuple[Samples, Tensor]]:
    """Batches that are read by another thread, one ahead of the one in use."""
    coming: Future[tuple[Samples, Tensor]] | None = None
    with ThreadPoolExecutor(1) as reader:
        for index in torch.split(order, size):
            following = reader.submit(split.batch, index)
            if coming is not None:
                yield coming.result()
            coming = following
        if coming is not None:
            yield coming.result()


@dataclass(slots=True)
class Waiting:
    """Count how much of the time a device spends waiting for its next batch.

    On a GPU by events in its own queue: it waits only where that runs empty, and while it encodes.

    Attributes:
        device: The device.
        waited: Seconds until batches were there.
        total: Seconds altogether.
    """

    device: torch.device
    waited: float = field(default=0.0, init=False)
    total: float = field(default=0.0, init=False)

    @property
    def fraction(self) -> float | None:
        """Return the fraction of the time that was spent waiting; None before there was any."""
        return self.waited / self.total if self.total else None

    def watch(self, source: Iterable[Batch]) -> Iterator[Batch]:
        """Yield the batches of ``source``; asking for one is waiting, what is done with it is not."""
        marks = [self._mark()]
        for batch in source:
            marks.append(self._mark())
            yield batch
            marks.append(self._mark())
        spans = [self._seconds(before, after) for before, after in pairwise(marks)]
        self.waited += sum(spans[::2])
        self.total += sum(spans)

    def _mark(self) -> float | torch.cuda.Event:
        """Return the present time, by the device's clock."""
        if self.device.type != "cuda":
            return perf_counter()
        event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record(torch.cuda.current_stream(self.device))
        return event

    def _seconds(self, before: float | torch.cuda.Event, after: float | torch.cuda.Event) -> float:
        if isinstance(before, torch.cuda.Event) and isinstance(after, torch.cuda.Event):
            after.synchronize()
            return float(before.elapsed_time(after)) / 1000
        assert isinstance(before, float) and isinstance(after, float)
        return after - before
