"""A run: the plan's missing cells are executed and journalled, one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from snnbench.compiler.code_folder import secure_code_folder
from snnbench.components import measurements
from snnbench.execute.compiling import compile_programs
from snnbench.execute.job import EpochDone, Settings, check_picklable
from snnbench.execute.limits import Limits
from snnbench.execute.pool import execute
from snnbench.execute.prepare import check_data, probe
from snnbench.matrix.plan import Plan
from snnbench.matrix.spec import Matrix
from snnbench.plugin.host import Host
from snnbench.quantities import by_name, sentences
from snnbench.records import Cell, CellResult, Environment, RunHeader, Status
from snnbench.session.jobs import extra_measurements, jobs, measured, one_per_encoding
from snnbench.session.standing import known, wanted
from snnbench.settings import EngineChoice, Rerun
from snnbench.store.journal import Journal

OUTPUT = "output.log"
"""File of a run that has what its cells printed."""


@dataclass(frozen=True, slots=True)
class Options:
    """This says how a plan is run.

    Attributes:
        out: The run directory.
        device: ``auto``, ``cpu`` or ``cuda:N``.
        engine: What runs the populations over time.
        workers: Cells that train at once.
        threads: Threads torch may use within one cell.
        limits: For each cell, and for the reading of each dataset.
        data_root: Where datasets are; None for the platform's cache folder.
        download: Fetch missing files of datasets.
        rerun: Which finished cells to run again.
        maxfail: Stop after so many failed cells; None to go on.
        command: The command line, for the record.
    """

    out: Path
    device: str = "auto"
    engine: EngineChoice = EngineChoice.LOOP
    workers: int = 1
    threads: int = 1
    limits: Limits = field(default_factory=Limits)
    data_root: Path | None = None
    download: bool = True
    rerun: Rerun = Rerun.MISSING
    maxfail: int | None = None
    command: str = ""


class Observer(Protocol):
    """Told what happens during a run."""

    def begin(self, planned: int, pending: int) -> None:
        """``pending`` of the ``planned`` cells are about to run."""

    def compiling(self, done: int, total: int) -> None:
        """The loops of ``done`` of ``total`` combinations are compiled; cells start after that."""

    def epoch(self, cell: Cell, event: EpochDone | None) -> None:
        """A cell started (None) or finished an epoch."""

    def result(self, result: CellResult) -> None:
        """A cell ended and is in the journal."""

    def note(self, text: str) -> None:
        """Something a person should know."""


def perform(matrix: Matrix, plan: Plan, host: Host, options: Options, observer: Observer) -> list[CellResult]:
    """Run what is missing of ``plan``; return the results of all its cells that have one.

    Raises:
        UsageError: The device does not exist, a component cannot be sent to a process, or a batch is larger
            than a dataset.
        DataError: A dataset is missing or damaged: no cell is started.
        StoreError: The run directory cannot be written or is in use.
    """
    plugins = {plugin.distribution: plugin.version for plugin in host.plugins if plugin.status == "ok"}
    settings = Settings(
        options.device,
        options.threads,
        options.data_root,
        plugins,
        engine=options.engine,
        download=options.download,
    )
    secure_code_folder()  # before processes are started, which inherit it
    check_picklable(component.spec for component in plan.components.values())
    with Journal.open(options.out) as journal:
        _say_what_is_there(journal, matrix, observer)
        device, here = probe(settings)
        suite = here.values["suite.source"]
        settings = replace(settings, device=device, environment=here.identity, suite=suite)
        journal.write_header(_header(matrix, plan, plugins, here, options.command))
        results = known(journal, plan, settings)
        keys = measured(matrix.measure, plan)
        pending = [one for one in plan.cells if wanted(results.get(one.key), options.rerun, keys(one))]
        check_data(one_per_encoding(jobs(matrix, plan, pending, settings)), observer.note, options.limits)
        compile_programs(jobs(matrix, plan, pending, settings), options.limits, observer.compiling)
        observer.begin(len(plan.cells), len(pending))
        output = _Output(options.out / OUTPUT)
        cells = execute(
            jobs(matrix, plan, pending, settings),
            workers=options.workers,
            limits=options.limits,
            on_epoch=observer.epoch,
            on_output=output.add,
        )
        with closing(cells) as running:
            for result in _until_too_many_failed(running, options.maxfail, observer):
                kept = journal.append(result)
                results[kept.cell.key] = kept
                observer.result(kept)
                for message in host.cell_finished(kept):
                    observer.note(message)
        if output.cells:
            count = "1 cell" if output.cells == 1 else f"{output.cells} cells"
            observer.note(f"what {count} printed is in {output.file}")
    return [results[cell.key] for cell in plan.cells if cell.key in results]


@dataclass(slots=True)
class _Output:
    """This writes what cells print to a file. It is no result: a full disk does not stop the run."""

    file: Path
    cells: int = 0

    def add(self, cell: Cell, text: str) -> None:
        with suppress(OSError), self.file.open("a", encoding="utf-8") as log:
            log.write(f"== {cell.id} ==\n{text}\n\n")
            self.cells += 1


def _say_what_is_there(journal: Journal, matrix: Matrix, observer: Observer) -> None:
    for warning in journal.warnings:
        observer.note(warning)
    if journal.header is not None and journal.header.matrix != matrix.name:
        observer.note(f"{journal.directory} also holds cells of the matrix {journal.header.matrix!r}")


def _until_too_many_failed(
    results: Iterable[CellResult], maxfail: int | None, observer: Observer
) -> Iterator[CellResult]:
    failures = 0
    for result in results:
        yield result
        failures += result.status is not Status.DONE
        if maxfail is not None and failures >= maxfail:
            observer.note(f"stopped after {failures} failed {'cell' if failures == 1 else 'cells'}")
            return


def _header(
    matrix: Matrix, plan: Plan, plugins: Mapping[str, str], here: Environment, command: str
) -> RunHeader:
    extra = extra_measurements(plan)
    given = [quantity for component, spec in extra for quantity in spec.described(component)]
    warnings = [flag for _, spec in extra for flag in spec.flags or ()]
    return RunHeader(
        matrix=matrix.name,
        content=asdict(replace(matrix, base=None)),
        version=version("snnbench"),
        commit=here.values.get("suite.commit"),
        plugins=plugins,
        environments={here.identity: here.values},
        quantities=by_name([*measurements.QUANTITIES, *given]),
        flags=sentences([*measurements.FLAGS, *warnings]),
        command=command,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )
