"""A plan has the cells of a matrix; it is a pure function of the matrix and the plugins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from snnbench.errors import NothingSelectedError, UsageError
from snnbench.identity import cell_key, version_key
from snnbench.matrix import select
from snnbench.matrix.axes import Axes, axis
from snnbench.matrix.combine import Changes, Parts, check_size, combinations, mismatch, union
from snnbench.matrix.reference_models import ReferenceModels
from snnbench.matrix.spec import Matrix
from snnbench.plugin.host import Host, Provided
from snnbench.plugin.sources import how_to_install
from snnbench.records import Cell, Component
from snnbench.settings import Budget


@dataclass(frozen=True, slots=True)
class Skip:
    """A cell that will not run, and why."""

    cell: Cell
    reason: str


@dataclass(frozen=True)
class Plan:
    """This says what a matrix comes to.

    Attributes:
        cells: What to run, by dataset, encoder, network, neuron, surrogate and seed, each in the
            order of the matrix. No two have the same key.
        skips: What the matrix spans and will not run, in the same order.
        components: Kind and name of every component of a cell, and of every measurement, to who
            provides it.
        measurements: The extra measurements.
        references: Key of each cell to the neuron that its own is compared with, if any.
        floor: The neuron that the speed of all is compared with besides, if any.
        absent: Optional distributions that are not installed: their components are left out.
        complaints: What went wrong in plugins that were asked whether cells may run.
        keys: Kind of each component and measurement, and the component, to its key.
    """

    cells: tuple[Cell, ...]
    skips: tuple[Skip, ...]
    components: Mapping[tuple[str, str], Provided]
    measurements: tuple[Component, ...] = ()
    references: Mapping[str, Component] = field(default_factory=dict)
    floor: Component | None = None
    absent: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()
    keys: Mapping[tuple[str, Component], str] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return lines for people.

        They say what is left out as it is not installed, and which plugin did not answer.
        """
        absent = (
            f"{name} is not installed: its components are left out ({how_to_install(name)})"
            for name in self.absent
        )
        return (*absent, *self.complaints)

    @property
    def words(self) -> frozenset[str]:
        """Everything a selection may call a cell or skip of this plan."""
        cells = (*self.cells, *(skip.cell for skip in self.skips))
        parts = {part for cell in cells for part in cell.components.values()}
        seeds = frozenset(select.seed_word(seed) for seed in {cell.seed for cell in cells})
        penalties = frozenset[str]().union(*(select.penalty_words(cell.budget) for cell in cells))
        return seeds.union(penalties, *map(select.component_words, parts))


def plan(matrix: Matrix, host: Host) -> Plan:
    """Return the cells of ``matrix``, and what is skipped with the reason.

    A neuron that does not spike gets no surrogate, once. Components that resolve to the same
    parameters are one.

    Raises:
        UsageError: A component or parameter is unknown or out of range, or a selection of the
            matrix has a term that matches nothing in it.
        PluginError: A plugin that is needed is broken.
    """
    absent = tuple(name for name in matrix.optional if not host.has(name))
    matrix = matrix.without(absent)
    blocks = [{kind: axis(kind, texts, host) for kind, texts in block.items()} for block in matrix.blocks]
    axes = union(matrix, host)
    check_size(blocks, matrix.seeds)
    rules = _Rules(matrix, axes, host)
    reference_models = ReferenceModels.of(matrix, host)
    cells: list[Cell] = []
    skips: list[Skip] = []
    references: dict[str, Component] = {}
    changes = ({}, *(also.train for also in matrix.also))
    for block, parts in combinations(zip(blocks, changes, strict=True)):
        words = frozenset[str]().union(*(part.words for part in parts.values()))
        budget, refusal = rules.budget(words, changes[block]), mismatch(parts)
        for seed in matrix.seeds:
            cell = _cell(parts, budget, seed)
            reason = refusal or rules.excluded(words, budget, seed) or host.skip_reason(cell)
            if reason:
                skips.append(Skip(cell, reason))
            else:
                cells.append(cell)
                references |= reference_models.reference(block, cell)
    extra = axis("measurement", matrix.measurements, host)
    known = [(kind, choice) for kind, choices in {**axes, "measurement": extra}.items() for choice in choices]
    known += [("neuron", choice) for choice in reference_models.choices]
    found = {(kind, choice.component.name): choice.provided for kind, choice in known}
    keys = {(kind, choice.component): choice.identity for kind, choice in known}
    measurements = tuple(choice.component for choice in extra)
    floor = reference_models.floor.component if reference_models.floor else None
    complaints = host.complaints
    whole = Plan(tuple(cells), tuple(skips), found, measurements, references, floor, absent, complaints, keys)
    return _with_needed(whole)


def narrow(whole: Plan, selection: select.Selection) -> Plan:
    """Return ``whole`` with only the cells and skips that ``selection`` is true of."""
    cells = tuple(cell for cell in whole.cells if selection.matches(select.cell_words(cell)))
    skips = tuple(skip for skip in whole.skips if selection.matches(select.cell_words(skip.cell)))
    return _with_needed(replace(whole, cells=cells, skips=skips))


def nothing_selected(whole: Plan, text: str) -> NothingSelectedError:
    """Return the error for a plan, or a selection of it, that leaves no cell.

    Args:
        whole: The plan before the selection.
        text: The selection, empty if there was none.
    """
    what = f"the selection {text!r}" if text else "the matrix"
    selection = select.parse(text or "*")
    left, words = narrow(whole, selection), whole.words
    if left.skips:
        first = left.skips[0]
        return NothingSelectedError(
            f"{what} leaves no cell to run: {len(left.skips)} skipped", f"{first.cell.id}: {first.reason}"
        )
    unknown = selection.unknown(words)
    if unknown:
        return NothingSelectedError(
            f"{what} matches no cell: nothing is called {unknown[0]!r}", select.suggest(unknown[0], words)
        )
    return NothingSelectedError(
        f"{what} matches no cell", "each term matches some cell, but no cell fits all"
    )


class _Rules:
    """These are the excludes and overrides of a matrix, parsed, their terms checked."""

    def __init__(self, matrix: Matrix, axes: Axes, host: Host) -> None:
        self.train = matrix.train
        self.excludes = [(select.parse(rule.when), rule.reason) for rule in matrix.exclude]
        self.overrides = [(select.parse(rule.when), rule.train) for rule in matrix.override]
        words = _known_words(matrix, axes, host)
        if words is None:
            return
        for index, (selection, _) in enumerate(self.excludes):
            where = f"matrix {matrix.name}, exclude[{index}].when"
            _check_terms(where, selection, words.union(*map(_penalty_words, _with_base(matrix))))
        # not by seed: the seeds of a combination share one row, so they share one budget
        seeds = {select.seed_word(seed) for one in _with_base(matrix) for seed in one.seeds}
        for index, (selection, _) in enumerate(self.overrides):
            _check_terms(f"matrix {matrix.name}, override[{index}].when", selection, words - seeds)

    def budget(self, words: frozenset[str], change: Changes) -> Budget:
        """Return the budget of a combination, of a block that makes this ``change``."""
        budget = replace(self.train, **change)
        for selection, train in self.overrides:
            if selection.matches(words):
                budget = replace(budget, **train)
        return budget

    def excluded(self, combination: frozenset[str], budget: Budget, seed: int) -> str | None:
        """Return why the matrix itself leaves out a cell of a combination that has these words."""
        words = combination | {select.seed_word(seed)} | select.penalty_words(budget)
        return next((reason for selection, reason in self.excludes if selection.matches(words)), None)


def _with_base(matrix: Matrix) -> tuple[Matrix, ...]:
    return (matrix,) if matrix.base is None else (matrix, matrix.base)


def _known_words(matrix: Matrix, axes: Axes, host: Host) -> frozenset[str] | None:
    """Return all words of the matrix, before its axes were replaced and after.

    None if something on a replaced axis is not installed: its words cannot be told from misspelt ones.
    """
    known = [choice.words for choices in axes.values() for choice in choices]
    if matrix.base is not None:
        try:
            known += [one.words for choices in union(matrix.base, host).values() for one in choices]
        except UsageError:
            return None
    seeds = (select.seed_word(seed) for one in _with_base(matrix) for seed in one.seeds)
    return frozenset(seeds).union(*known)


def _penalty_words(matrix: Matrix) -> frozenset[str]:
    """Return the word for stability in the loss, if any cell of ``matrix`` may have it there."""
    changes = [also.train for also in matrix.also] + [rule.train for rule in matrix.override]
    penalised = matrix.train.stability or any(change.get("stability") for change in changes)
    return frozenset((select.PENALTY,) if penalised else ())


def _check_terms(where: str, selection: select.Selection, words: frozenset[str]) -> None:
    for term in selection.unknown(words):
        raise UsageError(f"{where}: {term!r} matches nothing in the matrix", select.suggest(term, words))


def _cell(parts: Parts, budget: Budget, seed: int) -> Cell:
    surrogate = parts.get("surrogate")
    version = version_key({kind: part.identity for kind, part in parts.items()})
    return Cell(
        dataset=parts["dataset"].component,
        encoder=parts["encoder"].component,
        network=parts["network"].component,
        neuron=parts["neuron"].component,
        surrogate=surrogate.component if surrogate else None,
        budget=budget,
        seed=seed,
        key=cell_key(version, budget, seed),
        version=version,
    )


def _with_needed(whole: Plan) -> Plan:
    """Return ``whole`` with only the components that its cells and measurements name."""
    needed = {(kind, part.name) for cell in whole.cells for kind, part in cell.components.items()}
    needed |= {("measurement", component.name) for component in whole.measurements}
    keys = {cell.key for cell in whole.cells}
    references = {key: neuron for key, neuron in whole.references.items() if key in keys}
    reference_models = {*references.values(), *([whole.floor] if whole.floor else [])}
    needed |= {("neuron", neuron.name) for neuron in reference_models}
    components = {key: one for key, one in whole.components.items() if key in needed}
    return replace(whole, components=components, references=references)
