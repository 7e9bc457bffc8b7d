"""Which entry of the catalogue a metric has, a family's member or a plugin's included."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from snnbench.records import Meaning
from snnbench.report.catalogue import CATALOGUE, Entry, Kind
from snnbench.report.marks import split_name
from snnbench.settings import INITIAL
from snnbench.words import plain

PARAMETERS = {
    "stability.lambda_delta": "δ=",
    "stability.lambda_spike": "δ=",
    "stability.p_coalesce": "δ=",
    "activity.rate": "layer ",
}
"""What stands before the parameter of a metric of these families."""

CHARTED = {"stability.lambda_delta": {"0.0001", "0.01"}}
"""Of a long family, those that have no column on the leaderboard: its chart has them all."""

_KINDS: dict[str, Kind] = {
    "accuracy": "fraction",
    "throughput": "rate",
    "memory": "bytes",
    "stability": "exponent",
}


def describe(metric: str, unit: str = "", said: Meaning | None = None) -> Entry:
    """The entry of ``metric``: ``accuracy.test``, ``stability.lambda_delta[0.01]``, or a plugin's own.

    Args:
        metric: Its name in the journal.
        unit: Its unit there, for a metric that is not in the catalogue.
        said: What the plugin says of it, likewise.
    """
    if metric.startswith(INITIAL):
        entry = describe(metric.removeprefix(INITIAL), unit, said)
        meaning = f"{entry.meaning.removesuffix('.')}, before training."
        return replace(entry, title=f"{entry.title} before training", meaning=meaning, headline=False)
    if metric in CATALOGUE:
        return CATALOGUE[metric]
    family, parameter = split_name(metric)
    if family in CATALOGUE:
        entry = CATALOGUE[family]
        headline = entry.headline and parameter not in CHARTED.get(family, ())
        title = f"{entry.title} {PARAMETERS.get(family, '')}{parameter}"
        return replace(entry, title=title, headline=headline)
    kind = _KINDS.get(metric.partition(".")[0], "plain") if "." in family else "plain"
    shown = "" if unit == "1" else unit
    said = said or Meaning()
    meaning = plain(said.summary) or "A measurement added by a plugin."
    meaning = meaning if meaning.endswith((".", "!", "?")) else f"{meaning}."
    return Entry(plain(metric), shown, kind, said.higher_is_better, meaning, headline="." not in family)


@dataclass(frozen=True, slots=True)
class Descriptions:
    """What the metrics of one report are called and mean.

    Attributes:
        units: Of each metric, as its cells say.
        meanings: What plugins say of theirs.
    """

    units: Mapping[str, str] = field(default_factory=dict)
    meanings: Mapping[str, Meaning] = field(default_factory=dict)

    def of(self, metric: str) -> Entry:
        """Return the entry of ``metric``."""
        return describe(metric, self.units.get(metric, ""), self.meanings.get(metric))


def headlines(metrics: Iterable[str]) -> list[str]:
    """Those of ``metrics`` that the leaderboard shows: in the catalogue's order, then a plugin's by name."""
    return sorted((metric for metric in metrics if describe(metric).headline), key=_order)


def _order(metric: str) -> tuple[int, float, str]:
    family, parameter = split_name(metric)
    names = list(CATALOGUE)
    place = names.index(family) if family in names else len(names)
    try:
        return place, float(parameter), metric
    except ValueError:
        return place, 0.0, metric
