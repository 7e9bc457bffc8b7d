"""The leaderboard as texts, arranged for a page, a markdown file or a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from snnbench.axes import AXES
from snnbench.quantities import Quantity
from snnbench.report.board import Board, Contest
from snnbench.report.cells import STEPS
from snnbench.report.columns import NONE, PENALTY, PLACE, SCORE
from snnbench.report.marks import Mark, ReportFlag
from snnbench.report.numbers import NOTHING, interval, mean_text, number
from snnbench.report.ranking import Ranking, Standing
from snnbench.report.rows import Estimate, Row, joined
from snnbench.settings import NATIVE
from snnbench.words import plain

CAPTION = (
    "Mean over seeds with its 95 % interval: Student's t, on a logarithmic scale for rates and bytes. "
    "The interval of an accuracy also includes the sampling error of the test samples, which more seeds do "
    "not reduce; comparisons of rows do not, as all rows share those samples. "
    "Each row is compared with the best over seeds, in view of the best having been picked afterwards: "
    "where all rows are equal, at most 5 % of boards call any of them worse. ≈ marks rows that are not told "
    "from the best: that is no proof of equality, least of all with few seeds. ? marks rows that could not "
    "be tested, or whose seeds differ too much to be told from the best although a row above them is. The "
    "others are worse."
)
BY_SPEED = "Nothing was trained: rows are ranked by the speed of a training step, without a test."
ENGINES = "more than one: their rates and memory do not compare (--engine eager runs all rows alike)"
SIGNS: dict[str, str] = {Standing.TIED: "≈", Standing.UNCLEAR: "?", Standing.UNTESTED: "?"}


@dataclass(frozen=True, slots=True)
class Number:
    """A mean, as it is shown.

    Attributes:
        text: The mean: ``12.3 k``; a ratio with its equivalence class, ``2.4× A``.
        spread: Its interval: ``± 0.4 k``; empty if it has none.
        value: What to sort by; NaN if missing.
        low: Lower end of the interval; NaN if it has none.
        high: Upper end, likewise.
        line: All of it in one line: ``12.3 ± 0.4 k (2/3)``.
        part: ``2/3`` where seeds that were measured have no such number, else empty.
        notes: Its flags, unless all rows have them, and why seeds are missing.
    """

    text: str
    spread: str
    value: float
    low: float
    high: float
    line: str
    part: str
    notes: str


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A combination in one place.

    Attributes:
        index: Place in the section, from 0.
        rank: Place in the section, from 1; None without the number that it is ranked by.
        standing: Against the best, one of ``ranking.Standing``; empty if not compared.
        names: Axis to component, for the axes that differ between the section's rows.
        claims: Label to text, for the labels that differ.
        numbers: One a metric of the section.
        done: Seeds that were measured.
        seeds: Seeds that were tried.
        marks: Warnings, those apart that all rows of the section have.
    """

    index: int
    rank: int | None
    standing: str
    names: Mapping[str, str]
    claims: Mapping[str, str]
    numbers: tuple[Number, ...]
    done: int
    seeds: int
    marks: tuple[Mark, ...]

    @property
    def sign(self) -> str:
        """``≈`` or ``?`` (see ``CAPTION``), or nothing."""
        return SIGNS.get(self.standing, "")

    @property
    def count(self) -> str:
        """``3``, or ``2/3`` where a seed was lost."""
        return str(self.seeds) if self.done == self.seeds else f"{self.done}/{self.seeds}"


@dataclass(frozen=True, slots=True)
class Section:
    """The rows that are ranked against each other.

    Attributes:
        title: The dataset.
        fixed: What all rows have in common, name to text.
        axes: What tells the rows apart; always the neuron.
        metrics: Name and description of each number's column.
        rows: By rank.
        shared: Marks that all of them have.
    """

    title: str
    fixed: Mapping[str, str]
    axes: tuple[str, ...]
    metrics: Mapping[str, Quantity]
    rows: tuple[ShownRow, ...]
    shared: tuple[Mark, ...] = ()


def sections(board: Board) -> list[Section]:
    """Return the board as it is shown, a section a contest."""
    return [_section(board, contest) for contest in board.contests]


def _section(board: Board, contest: Contest) -> Section:
    rows = contest.rows
    names = [_names(row) for row in rows]
    labels = {label: [_label(row, label) for row in rows] for label in board.cells.labels}
    claims = [label for label, texts in labels.items() if not _is_common(rows, texts)]
    varying = tuple(axis for axis in names[0] if axis == "neuron" or len({one[axis] for one in names}) > 1)
    shown = {
        metric: board.cells.descriptions.of(metric)
        for metric in board.metrics
        if not all(row.estimates[metric].missing for row in rows)
    }
    fixed = {axis: text or NOTHING for axis, text in names[0].items() if axis not in varying}
    if names[0][PENALTY] == NONE:
        fixed.pop(PENALTY, None)
    fixed |= {
        label: next(filter(None, texts), NOTHING) for label, texts in labels.items() if label not in claims
    }
    shared = _shared_marks(contest)
    fixed |= _setting(contest, steps_known=any(labels.get(STEPS, ()))) | _notes(contest, shared)
    return Section(
        title=plain(rows[0].combination.dataset.text),
        fixed=fixed,
        axes=varying,
        metrics=shown,
        rows=tuple(
            _row(index, row, ranking, (varying, claims, shown, shared))
            for index, (row, ranking) in enumerate(zip(rows, contest.rankings, strict=True))
        ),
        shared=tuple(shared),
    )


def _is_common(rows: Sequence[Row], texts: Sequence[str]) -> bool:
    """Return whether a label says the same of all rows that have a finished cell, or of none of them."""
    return len({text for row, text in zip(rows, texts, strict=True) if text or row.group.done}) < 2


def _names(row: Row) -> dict[str, str]:
    """Return what tells rows apart, fit to be shown; the neuron first, and without the dataset."""
    one, place = row.combination, row.place
    parts = {axis: plain(getattr(one, axis).text) for axis in ("neuron", *AXES[1:])}
    return {**parts, PENALTY: plain(one.penalty), **{name: plain(getattr(place, name)) for name in PLACE}}


def _label(row: Row, label: str) -> str:
    return plain(joined(label, row.labels.get(label, ())))


def _setting(contest: Contest, *, steps_known: bool) -> dict[str, str]:
    """Return the budget and the protocol; the steps that the encoder made are said among the labels."""
    one = contest.rows[0].combination
    budget = one.budget
    steps = "" if steps_known else f"{budget.steps} steps, "
    rate = f"learning rate {budget.learning_rate:g}, weight decay {budget.weight_decay:g}"
    windows = {"truncate": budget.truncate, "checkpoint": budget.checkpoint}
    told = [f"{steps}{budget.epochs} epochs, batch {budget.batch_size}", rate]
    told += [f"{name} {size:g}" for name, size in windows.items() if size]
    return {"budget": ", ".join(told), "protocol": str(one.protocol)}


def _notes(contest: Contest, shared: Sequence[Mark]) -> dict[str, str]:
    """Return what is to be said of all rows together."""
    notes = {"all rows": ", ".join(mark.text for mark in shared)} if shared else {}
    if contest.ranked_by != SCORE:
        notes["rank"] = BY_SPEED
    elif len({row.place.engine for row in contest.rows} - {NATIVE, ""}) > 1:
        notes["engines"] = ENGINES
    return notes


def _shared_marks(contest: Contest) -> list[Mark]:
    """Return the marks of every ranked row, which are said once for the section."""
    pairs = zip(contest.rows, contest.rankings, strict=True)
    ranked = [_marks(row) for row, ranking in pairs if ranking.rank is not None]
    return [mark for mark in ranked[0] if all(mark in marks for marks in ranked)] if len(ranked) > 1 else []


def _marks(row: Row) -> list[Mark]:
    """Return a row's marks, fit to be shown."""
    return [replace(mark, text=plain(mark.text)) for mark in row.marks]


def _row(
    index: int,
    row: Row,
    ranking: Ranking,
    section: tuple[Sequence[str], Sequence[str], Mapping[str, Quantity], Sequence[Mark]],
) -> ShownRow:
    """Return a row as it is shown, given the axes, claims, metrics and shared marks of its section."""
    axes, claims, shown, shared = section
    names = _names(row)
    texts = {claim: _label(row, claim) for claim in claims}
    return ShownRow(
        index=index,
        rank=ranking.rank,
        standing="" if ranking.standing is None else ranking.standing.value,
        names={axis: names[axis] or NOTHING for axis in axes},
        claims={claim: text for claim, text in texts.items() if text},
        numbers=tuple(
            _number(row, row.estimates[metric], quantity, shared) for metric, quantity in shown.items()
        ),
        done=len(row.group.done),
        seeds=row.group.seeds,
        marks=tuple(mark for mark in _marks(row) if mark not in shared),
    )


def _number(row: Row, estimate: Estimate, quantity: Quantity, shared: Iterable[Mark]) -> Number:
    told = estimate.summary
    mean, low, high = told.mean, told.low, told.high
    part = f"{told.n}/{row.group.seeds}" if 0 < told.n < len(row.group.done) else ""
    line = mean_text(quantity.scale, mean, low, high)
    classes = row.classes
    grades = [plain(classes[flag]) for flag in estimate.flags if flag in classes]
    grade = f" {'/'.join(grades)}" if grades else ""
    elsewhere = {ReportFlag.IDENTICAL, *classes, *(mark.text for mark in shared)}
    notes = [flag for flag in map(plain, estimate.flags) if flag not in elsewhere]
    return Number(
        text=number(quantity.scale, mean) + grade,
        spread=interval(quantity.scale, mean, low, high),
        value=mean,
        low=low,
        high=high,
        line=f"{line}{grade} ({part})" if part else line + grade,
        part=part,
        notes="; ".join(note for note in [*notes, *map(plain, estimate.reasons)] if note),
    )
