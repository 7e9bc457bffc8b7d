"""Compile the programs of a run before its first cell, on all cores, so that cells only load them.

Nothing depends on it but time: a cell compiles itself what it does not find.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from snnbench.execute.job import Job
from snnbench.execute.limits import Limits
from snnbench.execute.mailbox import RubbishError
from snnbench.execute.process import POLL_SECONDS, Child
from snnbench.plugin.specs import NeuronSpec
from snnbench.records import Component
from snnbench.settings import EngineChoice


@dataclass(frozen=True, slots=True)
class Compilation:
    """A neuron in the network of a cell, whose programs are to be compiled.

    Attributes:
        job: A cell with this network.
        neuron: The cell's own, its reference, or its floor.
        spec: Of the neuron.
    """

    job: Job
    neuron: Component
    spec: NeuronSpec


@dataclass(slots=True)
class _Compiling:
    """This process compiles, one compilation after the other."""

    child: Child
    since: float


def compile_programs(jobs: Iterable[Job], limits: Limits, report: Callable[[int, int], None]) -> None:
    """Compile the programs of all ``jobs``, each once, and keep them in the user's private folder.

    A compilation that fails is left to its cells, which tell the reason.

    Args:
        jobs: The cells that are about to run.
        limits: For each compilation.
        report: Told how many are done, of how many; not called where there is nothing to compile.
    """
    wanted = _distinct(jobs)
    if not wanted:
        return
    count = min(
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, len(wanted)
    )
    news, done = threading.Event(), 0
    running: list[_Compiling] = []
    report(0, len(wanted))
    try:
        for index in range(count):
            child = Child("snnbench.execute.worker:compile_main", wanted[index::count], quiet=True, news=news)
            running.append(_Compiling(child, time.monotonic()))
        while running:
            news.wait(POLL_SECONDS)
            news.clear()
            for one in list(running):
                heard = _hear(one)
                done += heard or 0
                if heard is None or limits.exceeded(time.monotonic() - one.since, one.child):
                    running.remove(one)
                    one.child.kill()
                elif heard:
                    report(done, len(wanted))
    finally:
        for one in running:
            one.child.kill()


def _distinct(jobs: Iterable[Job]) -> list[Compilation]:
    """Return one compilation for each neuron, surrogate and network; no program depends on anything else.

    Chunks of unrolled steps depend on the number of steps, too.
    """
    found: dict[object, Compilation] = {}
    for job in jobs:
        if job.settings.engine is EngineChoice.EAGER:
            continue
        steps = job.cell.budget.steps if job.settings.engine is EngineChoice.COMPILED else None
        for neuron, spec in _neurons(job):
            key = (neuron, job.cell.surrogate, job.cell.network, steps)
            found.setdefault(key, Compilation(job, neuron, spec))
    return list(found.values())


def _neurons(job: Job) -> Iterator[tuple[Component, NeuronSpec]]:
    own = job.specs["neuron"]
    assert isinstance(own, NeuronSpec)
    yield job.cell.neuron, own
    if job.measure.throughput:
        yield from (one for one in (job.reference, job.floor) if one is not None)


def _hear(one: _Compiling) -> int | None:
    """Return how many compilations the process has finished since; None if it has ended."""
    count = 0
    try:
        for _ in one.child.messages():
            count += 1
            one.since = time.monotonic()
    except (EOFError, RubbishError):
        return None
    return count
