"""A run: the plan's missing cells are executed and journalled, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Protocol, cast

from snnbench.compiler.code_folder import secure_code_folder
from snnbench.components import measurements
from snnbench.execute.compiling import compile_programs
from snnbench.execute.job import EpochDone, Job, Settings, check_picklable
from snnbench.execute.limits import Limits
from snnbench.execute.pool import execute
from snnbench.execute.prepare import check_data, probe
from snnbench.identity import measurement_keys
from snnbench.matrix.plan import Plan
from snnbench.matrix.spec import Matrix
from snnbench.plugin.host import Host
from snnbench.plugin.specs import MeasurementSpec, NeuronSpec
from snnbench.quantities import by_name, sentences
from snnbench.records import Cell, CellResult, Component, Environment, RunHeader, Status
from snnbench.settings import NATIVE, NO_LOOP, EngineChoice, Measure, Rerun
from snnbench.store.journal import Journal

OUTPUT = "output.log"
"""File of a run that has what its cells printed."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a plan is run.

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
        results = _known(journal, plan, settings)
        measured = _measured(matrix.measure, plan)
        pending = [one for one in plan.cells if _wanted(results.get(one.key), options.rerun, measured(one))]
        check_data(_one_per_encoding(_jobs(matrix, plan, pending, settings)), observer.note, options.limits)
        compile_programs(_jobs(matrix, plan, pending, settings), options.limits, observer.compiling)
        observer.begin(len(plan.cells), len(pending))
        output = _Output(options.out / OUTPUT)
        cells = execute(
            _jobs(matrix, plan, pending, settings),
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
    """What cells print, written to a file by cell. It is no result: a full disk does not stop the run."""

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


def _known(journal: Journal, plan: Plan, settings: Settings) -> dict[str, CellResult]:
    """Return the results that were made under these settings, by key; skipped cells of the plan are added."""
    place = (settings.device, settings.environment)
    here = [one for one in journal.results if (one.device, one.environment) == place]
    known = {one.cell.key: one for one in here if _is_answer(one, settings.engine)}
    for skip in plan.skips:
        if skip.cell.key not in known:
            journal.append(
                CellResult(skip.cell, Status.SKIPPED, skip.reason, device=place[0], environment=place[1])
            )
    return known


def _is_answer(result: CellResult, asked: EngineChoice) -> bool:
    """Return whether a cell run by ``asked`` would give this: no other engine's numbers stand for it."""
    if result.status is not Status.DONE or result.engine == NATIVE:
        return True
    if asked is EngineChoice.EAGER:
        return result.engine == asked
    if result.engine == EngineChoice.COMPILED:
        return asked is EngineChoice.COMPILED
    if NO_LOOP in result.labels:  # what has no loop ran eagerly
        return asked is EngineChoice.LOOP
    return result.engine == EngineChoice.LOOP or "fallback" in result.labels


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


def _measured(measure: Measure, plan: Plan) -> Callable[[Cell], Mapping[str, str]]:
    """Return what gives the key of each measurement that is asked for of a cell."""
    extra = {str(one): plan.keys["measurement", one] for one in plan.measurements}

    @cache
    def compared_with(reference: Component | None) -> Mapping[str, str]:
        of_reference, of_floor = (plan.keys["neuron", one] if one else "" for one in (reference, plan.floor))
        return measurement_keys(measure, of_reference, of_floor, extra)

    return lambda cell: compared_with(plan.references.get(cell.key))


def _wanted(result: CellResult | None, rerun: Rerun, measured: Mapping[str, str]) -> bool:
    """Return whether a cell with this result, if any, is to run; ``measured`` are the keys it must have."""
    if result is None or result.status in {Status.INTERRUPTED, Status.SKIPPED} or rerun is Rerun.ALL:
        return True
    if result.status is Status.DONE:
        return not measured.items() <= result.measured.items()
    return rerun is Rerun.FAILED


def _jobs(matrix: Matrix, plan: Plan, cells: Iterable[Cell], settings: Settings) -> Iterator[Job]:
    extra = _extra(plan)
    measured = _measured(matrix.measure, plan)

    def compared(neuron: Component | None) -> tuple[Component, NeuronSpec] | None:
        if neuron is None:
            return None
        return neuron, cast(NeuronSpec, plan.components["neuron", neuron.name].spec)

    for cell in cells:
        specs = {kind: plan.components[kind, one.name].spec for kind, one in cell.components.items()}
        reference, floor = compared(plan.references.get(cell.key)), compared(plan.floor)
        keys = {kind: plan.keys[kind, one] for kind, one in cell.components.items()}
        yield Job(cell, specs, extra, matrix.measure, settings, reference, floor, keys, measured(cell))


def _one_per_encoding(jobs: Iterable[Job]) -> list[Job]:
    """Return one job for each dataset, encoder and number of steps among ``jobs``.

    It is the one with the largest batch.
    """
    by_batch = sorted(jobs, key=lambda job: job.cell.budget.batch_size)
    found = {(job.cell.dataset, job.cell.encoder, job.cell.budget.steps): job for job in by_batch}
    return list(found.values())


def _header(
    matrix: Matrix, plan: Plan, plugins: Mapping[str, str], here: Environment, command: str
) -> RunHeader:
    extra = _extra(plan)
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


def _extra(plan: Plan) -> tuple[tuple[Component, MeasurementSpec], ...]:
    """Return the measurements of plugins that the plan asks for, each with its spec."""
    specs = ((one, plan.components["measurement", one.name].spec) for one in plan.measurements)
    return tuple((one, cast(MeasurementSpec, spec)) for one, spec in specs)
