"""Measure what the suite costs beside the work that it was asked for.

Run it: ``python docs/benchmarks/overhead.py``.

It prints what a cell takes by the suite (start a process, build, train, record) and what the same training
takes by a loop written by hand, in turns; then what a plan, its journal and its report cost for more and
more cells. Nothing else should be running. ``--minute`` adds a cell that trains for about a minute.
"""

from __future__ import annotations

import argparse
import csv
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import torch
from torch.nn.functional import cross_entropy

import snnbench
from snnbench.data.dataset import Split
from snnbench.execute.job import EpochDone
from snnbench.matrix.plan import plan
from snnbench.matrix.read import load
from snnbench.matrix.spec import Matrix
from snnbench.plugin.host import Host
from snnbench.records import Cell, CellResult, Metric, RunHeader, Status
from snnbench.results import read_runs, write_report
from snnbench.session.run import Options, perform
from snnbench.settings import EngineChoice
from snnbench.store.journal import Journal

MATRIX = """
datasets = ["digits"]
encoders = ["direct"]
networks = ["dense(hidden=[128])"]
neurons = [{neurons}]
surrogates = ["atan"]
seeds = "0-{last}"
train = {{ epochs = {epochs}, steps = 25, batch_size = 64 }}
measure = {{ throughput = false, memory = false, stability = false }}
"""
CELLS, ROUNDS = 6, 5
COUNTS = (100, 300, 1000, 3000, 10_000)


def matrix(folder: Path, *, epochs: int = 1, cells: int = CELLS, neurons: str = '"lif"') -> Matrix:
    """Seeds of one combination, or of as many neurons as given, with all measurements off."""
    path = folder / "overhead.toml"
    path.write_text(MATRIX.format(epochs=epochs, last=cells - 1, neurons=neurons))
    return load(str(path))


def say(line: str) -> None:
    """Print, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Clock:
    """Observes a run and notes when each cell ended."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def compiling(self, done: int, total: int) -> None: ...
    def begin(self, planned: int, pending: int) -> None: ...

    def epoch(self, cell: Cell, event: EpochDone | None) -> None: ...

    def note(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")

    def result(self, result: CellResult) -> None:
        assert result.status is Status.DONE, result.reason
        self.ends.append(time.perf_counter())


def by_suite(epochs: int, cells: int) -> float:
    """Seconds from the end of a cell to the end of the next, all of it: median of ``cells``."""
    with tempfile.TemporaryDirectory() as folder:
        host, clock = Host.load(), Clock()
        content = matrix(Path(folder), epochs=epochs, cells=cells + 1)
        options = Options(Path(folder) / "run", device="cpu", engine=EngineChoice.EAGER)
        perform(content, plan(content, host), host, options, clock)
    return median(end - start for start, end in zip(clock.ends, clock.ends[1:], strict=False))


def by_hand(epochs: int) -> float:
    """Seconds of the same training, and the same evaluation, as one would write it."""
    data, encode = snnbench.make_dataset("digits"), snnbench.make_encoder("direct", steps=25)
    start = time.perf_counter()
    network = snnbench.make_network("dense(hidden=[128])", (1, 8, 8), 10, neuron="lif", surrogate="atan")
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(epochs):
        network.train()
        for index in torch.randperm(len(data.train)).split(64):
            loss = cross_entropy(network(encode(data.train.x[index])), data.train.y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        score(network, encode, data.validation)
        score(network, encode, data.test)
    score(network, encode, data.test)
    return time.perf_counter() - start


def score(network: torch.nn.Module, encode: Callable[[torch.Tensor], torch.Tensor], split: Split) -> float:
    """Accuracy on a split."""
    network.eval()
    with torch.no_grad():
        return float((network(encode(split.x)).argmax(1) == split.y).float().mean())


def compare(epochs: int, cells: int, rounds: int) -> None:
    """Print both, in turns, and the difference."""
    by_hand(1)  # first use of everything
    pairs = [(by_suite(epochs, cells), by_hand(epochs)) for _ in range(rounds)]
    suite, hand = (median(side) for side in zip(*pairs, strict=True))
    extra = median(a - b for a, b in pairs)
    share = f"{extra:+.3f} s, {extra / hand:+.1%}"
    say(f"{epochs:5} epochs: {suite:8.3f} s by the suite, {hand:8.3f} s by hand: {share}")


@contextmanager
def timed(costs: dict[str, float], name: str) -> Iterator[None]:
    """Note the seconds that the block takes."""
    start = time.perf_counter()
    yield
    costs[name] = time.perf_counter() - start


def grow(count: int) -> dict[str, float]:
    """Seconds that the plan, the journal and the report of about ``count`` cells take; MiB that are added."""
    costs: dict[str, float] = {}
    neurons = ", ".join(f'"lif(beta={index / count:.6f})"' for index in range(1, count // 10 + 1))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        content, host = matrix(folder, cells=10, neurons=neurons), Host.load()
        before = peak()
        with timed(costs, "plan"):
            planned = plan(content, host)
        with timed(costs, "journal"), Journal.open(folder / "run") as journal:
            journal.write_header(RunHeader("overhead"))
            for cell in planned.cells:
                journal.append(CellResult(cell, Status.DONE, metrics={"accuracy.test": Metric(0.9)}))
        with timed(costs, "read"):
            read_runs([folder / "run"])
        with timed(costs, "report"):
            write_report(folder / "run")
    return {"cells": len(planned.cells), **costs, "mebibytes": peak() - before}


def peak() -> float:
    """MiB of this process at its largest so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def by_cells(file: Path | None) -> None:
    """Print, and write, what more and more cells cost, each count in a process of its own."""
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as fresh:
        rows = list(fresh.map(grow, COUNTS))
    for row in rows:
        parts = (
            f"{name} {1e6 * row[name] / row['cells']:.0f}" for name in ("plan", "journal", "read", "report")
        )
        say(f"{row['cells']:7.0f} cells: {', '.join(parts)} µs a cell; {row['mebibytes']:.0f} MiB")
    if file:
        with file.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows({name: round(value, 4) for name, value in row.items()} for row in rows)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minute", action="store_true", help="add a cell of about a minute")
    parser.add_argument(
        "--cells", type=Path, metavar="FILE.csv", help="only what more cells cost, into a file"
    )
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    if not options.cells:
        compare(1, CELLS, ROUNDS)
        compare(10, CELLS, ROUNDS)
    if options.minute:
        compare(round(60 / (by_hand(4) / 4)), 1, ROUNDS)
    by_cells(options.cells)


if __name__ == "__main__":
    main(sys.argv[1:])
