"""Tell what a reader must know before believing a row: its marks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from snnbench.report.columns import NONE, SCORE
from snnbench.report.groups import Group
from snnbench.report.marks import FAILED_CHECKS, LOST, Mark, ReportFlag
from snnbench.report.rows import Row
from snnbench.settings import NO_LOOP

FEW = 3
"""Seeds below which a mean is marked."""
RATIOS = ("throughput.training_ratio", "throughput.inference_ratio")
BIAS = 0.05
"""How far the ratio of the reference to itself may be from 1, at the least."""
ELSEWHERE = {ReportFlag.GRADED, ReportFlag.IDENTICAL}
"""Flags of a metric that the row has no mark of, or another one."""


def marks_of(row: Row) -> tuple[Mark, ...]:
    """Return what stands beside the row; a metric's own flags once, whichever metric has them."""
    return tuple(dict.fromkeys([*_of_cells(row.group), *_of_labels(row), *_of_numbers(row)]))


def _of_cells(group: Group) -> Iterator[Mark]:
    """Marks for which cells are there."""
    if group.mixed:
        yield Mark.of(ReportFlag.VERSIONS)
    if group.renewed:
        yield Mark.of(ReportFlag.RENEWED)
    for status, count in group.statuses.most_common():
        if status in LOST:
            yield Mark(f"{count} of {group.seeds} {status}", LOST[status])
    if group.combination.budget.epochs and len(group.numbers(SCORE)) < FEW:
        yield Mark.of(ReportFlag.FEW_SEEDS)


def _of_labels(row: Row) -> Iterator[Mark]:
    """Marks that follow from what cells say of themselves."""
    if row.labels.get(NO_LOOP):
        yield Mark.of(ReportFlag.NO_LOOP)
    if row.labels.get("fallback"):
        yield Mark.of(ReportFlag.FALLBACK)
    if ReportFlag.GRADED in row.labels.get("spike", ()):
        yield Mark.of(ReportFlag.GRADED)
    for check, flag in FAILED_CHECKS.items():
        if any(cell.number(check) == 0 for cell in row.group.cells):
            yield Mark.of(flag)


def _of_numbers(row: Row) -> Iterator[Mark]:
    """Marks that are flags of a number, and how equal the model is where no ratio says so."""
    flags = [flag for estimate in row.estimates.values() for flag in estimate.flags]
    classes = row.classes
    if not classes.keys() & set(flags):
        yield from (Mark(flag, ReportFlag.CLASS) for flag in classes)
    yield from (Mark.of(flag) for flag in flags if flag not in ELSEWHERE and flag not in classes)
    if SCORE in row.estimates and ReportFlag.IDENTICAL in row.estimates[SCORE].flags:
        yield Mark.of(ReportFlag.IDENTICAL)


def marked(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of one contest with the marks that other rows of it cause."""
    marked = _with_other_surrogates(rows)
    for metric in RATIOS:
        marked = _with_biased_ratios(marked, metric)
    return marked


def _with_other_surrogates(rows: Sequence[Row]) -> list[Row]:
    """Mark rows whose reference, run with their surrogate, is another than the row of it among these."""
    own = {(row.place, row.neuron, row.surrogate) for row in rows if row.neuron == row.reference}
    neurons = {(place, neuron) for place, neuron, _ in own}
    found = []
    for row in rows:
        known = (row.place, row.reference) in neurons and row.surrogate != NONE
        other = known and (row.place, row.reference, row.surrogate) not in own
        found.append(row.marked(Mark.of(ReportFlag.OTHER_SURROGATE)) if other else row)
    return found


def _with_biased_ratios(rows: Sequence[Row], metric: str) -> list[Row]:
    """Mark ratios of the reference to itself that are not 1, and the other rows' ratios to it."""
    places = {(row.place, row.neuron) for row in rows if _is_itself(row) and _is_off(row, metric)}
    found = []
    for row in rows:
        if metric not in row.estimates or row.estimates[metric].missing:
            found.append(row)
        elif _is_itself(row):
            off = _is_off(row, metric)
            found.append(row.marked(Mark.of(ReportFlag.REFERENCE_OFF), metric) if off else row)
        else:
            doubtful = (row.place, row.reference) in places
            found.append(row.marked(Mark.of(ReportFlag.RATIO_IN_DOUBT), metric) if doubtful else row)
    return found


def _is_itself(row: Row) -> bool:
    return row.neuron == row.reference and Mark.of(ReportFlag.OTHER_SURROGATE) not in row.marks


def _is_off(row: Row, metric: str) -> bool:
    """Return whether a ratio that should be 1 is off by more than its interval and by more than 5 %."""
    if metric not in row.estimates:
        return False
    told = row.estimates[metric].summary
    return abs(told.mean - 1) > BIAS and not told.low <= 1 <= told.high
