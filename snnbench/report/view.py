"""The leaderboard as texts, arranged for a page, a markdown file or a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from snnbench.records import Meaning
from snnbench.report.catalogue import Entry
from snnbench.report.frame import AXES, LABEL, NONE, PENALTY, STEPS, DataFrame
from snnbench.report.lookup import describe
from snnbench.report.numbers import NOTHING, interval, mean_text, number
from snnbench.report.ranking import STANDING, Standing
from snnbench.report.rows import CLASS, PLACE, SCORE
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
ENGINES = "eager and compiled: their rates and memory do not compare (--engine eager runs all rows alike)"
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
class Row:
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
    marks: tuple[str, ...]

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
    metrics: Mapping[str, Entry]
    rows: tuple[Row, ...]
    shared: tuple[str, ...] = ()


def sections(board: DataFrame) -> list[Section]:
    """The board, a section a contest."""
    units = board.attrs.get("units", {})
    said = {name: Meaning(**meaning) for name, meaning in board.attrs.get("meanings", {}).items()}
    return [_section(rows, units, said) for _, rows in board.groupby("contest", sort=False)]


def _section(rows: DataFrame, units: Mapping[str, str], said: Mapping[str, Meaning]) -> Section:
    first = rows.iloc[0]
    axes = ["neuron", *(axis for axis in (*AXES[1:], PENALTY, *PLACE) if axis != "neuron")]
    varying = tuple(axis for axis in axes if axis == "neuron" or _differs(rows[axis]))
    ran = STEPS in rows and rows[STEPS].notna().any()  # what the encoder made; said among the labels
    steps = "" if ran else f"{first['steps']} steps, "
    budget = f"{steps}{first['epochs']} epochs, batch {first['batch_size']}"
    rate = f"learning rate {first['learning_rate']:g}, weight decay {first['weight_decay']:g}"
    windows = "".join(f", {name} {first[name]:g}" for name in ("truncate", "checkpoint") if first[name])
    labels = [str(name) for name in rows.columns if str(name).startswith(LABEL)]
    claims = tuple(label for label in labels if _differs(rows[label].dropna()))
    fixed = {axis: _name(first[axis]) for axis in axes if axis not in varying}
    if first[PENALTY] == NONE:
        fixed.pop(PENALTY, None)
    fixed |= {
        label.removeprefix(LABEL): _name(next(iter(rows[label].dropna()), None))
        for label in labels
        if label not in claims
    }
    shown = {
        metric: describe(metric, units.get(metric, ""), said.get(metric))
        for metric in map(str, rows.columns)
        if f"{metric}.n" in rows and rows[metric].notna().any()
    }
    fixed |= {"budget": f"{budget}, {rate}{windows}", "protocol": str(first["protocol"])}
    shared = _shared_marks(rows)
    if shared:
        fixed["all rows"] = ", ".join(shared)
    if first["ranked_by"] != SCORE:
        fixed["rank"] = BY_SPEED
    elif {"eager", "compiled"} <= set(rows["engine"]):
        fixed["engines"] = ENGINES
    return Section(
        title=_text(first["dataset"]),
        fixed=fixed,
        axes=varying,
        metrics=shown,
        rows=tuple(
            _row(row, varying, claims, shown, shared)
            for row in rows.assign(index=range(len(rows))).to_dict("records")
        ),
        shared=tuple(shared),
    )


def _shared_marks(rows: DataFrame) -> list[str]:
    """Marks of every ranked row, which are said once for the section."""
    ranked = [_marks(marks) for marks in rows.loc[rows["rank"].notna(), "marks"]]
    return [mark for mark in ranked[0] if all(mark in marks for marks in ranked)] if len(ranked) > 1 else []


def _marks(text: Any) -> list[str]:
    return [mark for mark in _text(text).split("; ") if mark]


def _differs(column: pd.Series[Any]) -> bool:
    return len(column.drop_duplicates()) > 1


def _row(
    row: Mapping[Any, Any],
    axes: Sequence[str],
    claims: Sequence[str],
    shown: Mapping[str, Entry],
    shared: Sequence[str],
) -> Row:
    return Row(
        index=row["index"],
        rank=None if pd.isna(row["rank"]) else int(row["rank"]),
        standing=_text(row[STANDING]),
        names={axis: _name(row[axis]) for axis in axes},
        claims={claim.removeprefix(LABEL): _text(row[claim]) for claim in claims if _text(row[claim])},
        numbers=tuple(_number(row, metric, entry, shared) for metric, entry in shown.items()),
        done=row["status.done"],
        seeds=row["seeds"],
        marks=tuple(mark for mark in _marks(row["marks"]) if mark not in shared),
    )


def _number(row: Mapping[Any, Any], metric: str, entry: Entry, shared: Sequence[str]) -> Number:
    mean, low, high = (float(row[f"{metric}{end}"]) for end in ("", ".low", ".high"))
    counted = row[f"{metric}.n"]
    part = f"{counted}/{row['seeds']}" if 0 < counted < row["status.done"] else ""
    line = mean_text(entry.kind, mean, low, high)
    said = _text(row[f"{metric}.flags"]).split(", ")
    classes = [flag.removeprefix(CLASS) for flag in said if flag.startswith(CLASS)]
    grade = f" {'/'.join(classes)}" if classes else ""
    flags = [flag for flag in said if flag not in {*shared, "identical"} and not flag.startswith(CLASS)]
    notes = [*flags, _text(row[f"{metric}.reason"])]
    return Number(
        text=number(entry.kind, mean) + grade,
        spread=interval(entry.kind, mean, low, high),
        value=mean,
        low=low,
        high=high,
        line=f"{line}{grade} ({part})" if part else line + grade,
        part=part,
        notes="; ".join(note for note in notes if note),
    )


def _name(value: Any) -> str:
    return _text(value) or NOTHING


def _text(value: Any) -> str:
    """Text of a column whose missing values are null, fit to be shown."""
    return "" if pd.isna(value) else plain(str(value))
