"""A run: the plan's missing cells are executed and journalled, one by one."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from snnbench.execute.job import EpochDone, Job, Settings, check_picklable
from snnbench.execute.pool import Limits, execute, probe
from snnbench.matrix.plan import Plan, Skip
from snnbench.matrix.spec import Matrix
from snnbench.plugin.host import Host
from snnbench.records import Cell, CellResult, Environment, Rerun, RunHeader, Status
from snnbench.store import Journal


@dataclass(frozen=True, slots=True)
class Options:
    """How a plan is run.

    Attributes:
        out: The run directory.
        device: ``auto``, ``cpu`` or ``cuda:N``.
        workers: Cells that train at once.
        threads: Threads torch may use within one cell.
        limits: For each cell.
        data_root: Where datasets are; None for the platform's cache folder.
        rerun: Which finished cells to run again.
        maxfail: Stop after so many failed cells; None to go on.
    """

    out: Path
    device: str = "auto"
    workers: int = 1
    threads: int = 1
    limits: Limits = field(default_factory=Limits)
    data_root: Path | None = None
    rerun: Rerun = Rerun.MISSING
    maxfail: int | None = None


class Observer(Protocol):
    """Told what happens during a run."""

    def begin(self, planned: int, pending: int) -> None:
        """``pending`` of the ``planned`` cells are about to run."""

    def epoch(self, cell: Cell, event: EpochDone | None) -> None:
        """A cell started (None) or finished an epoch."""

    def result(self, result: CellResult) -> None:
        """A cell ended and is in the journal."""

    def note(self, text: str) -> None:
        """Something a person should know."""


def perform(matrix: Matrix, plan: Plan, host: Host, options: Options, observer: Observer) -> list[CellResult]:
    """Run what is missing of ``plan``; return the results of all its cells that have one.

    Raises:
        UsageError: The device does not exist, or a component cannot be sent to a process.
        StoreError: The run directory cannot be written or is in use.
    """
    plugins = {plugin.distribution: plugin.version for plugin in host.plugins if plugin.status == "ok"}
    settings = Settings(options.device, options.threads, options.data_root, plugins)
    check_picklable(component.spec for component in plan.components.values())
    with Journal.open(options.out) as journal:
        for warning in journal.warnings:
            observer.note(warning)
        device, here = probe(settings)
        journal.write_header(_header(matrix, plugins, here))
        settings = replace(settings, device=device, environment=here.identity)
        results = {
            result.cell.key: result
            for result in journal.results
            if (result.device, result.environment) == (device, here.identity)
        }
        for skip in plan.skips:
            if skip.cell.key not in results:
                journal.append(_skipped(skip, device, here.identity))
        pending = [cell for cell in plan.cells if _wanted(results.get(cell.key), options.rerun)]
        observer.begin(len(plan.cells), len(pending))
        failures = 0
        for result in execute(
            _jobs(matrix, plan, pending, settings),
            workers=options.workers,
            limits=options.limits,
            on_epoch=observer.epoch,
        ):
            journal.append(result)
            results[result.cell.key] = result
            observer.result(result)
            for message in host.cell_finished(result):
                observer.note(message)
            failures += result.status is not Status.DONE
            if options.maxfail is not None and failures >= options.maxfail:
                observer.note(f"stopped after {failures} failed cells")
                break
    return [results[cell.key] for cell in plan.cells if cell.key in results]


def _wanted(result: CellResult | None, rerun: Rerun) -> bool:
    """Whether a cell with this result, if any, is to be run."""
    if result is None or result.status in {Status.INTERRUPTED, Status.SKIPPED} or rerun is Rerun.ALL:
        return True
    return rerun is Rerun.FAILED and result.status is not Status.DONE


def _skipped(skip: Skip, device: str, environment: str) -> CellResult:
    """What the report is told of a cell that does not run."""
    return CellResult(skip.cell, Status.SKIPPED, skip.reason, device=device, environment=environment)


def _jobs(matrix: Matrix, plan: Plan, cells: Iterable[Cell], settings: Settings) -> Iterator[Job]:
    extra = tuple((one, plan.components["measurement", one.name].spec) for one in plan.measurements)
    for cell in cells:
        specs = {kind: plan.components[kind, one.name].spec for kind, one in cell.components.items()}
        yield Job(cell, specs, extra, matrix.measure, settings)


def _header(matrix: Matrix, plugins: Mapping[str, str], here: Environment) -> RunHeader:
    return RunHeader(
        matrix=matrix.name,
        content=asdict(replace(matrix, base=None)),
        version=version("snnbench"),
        commit=here.values.get("suite.commit"),
        plugins=plugins,
        environments={here.identity: here.values},
        command=" ".join(["snnbench", *sys.argv[1:]]),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )
