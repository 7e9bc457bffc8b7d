"""Tell what the metrics and the marks of one report are called and mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from snnbench.quantities import Quantity
from snnbench.report.columns import column_of
from snnbench.report.marks import Mark, ReportFlag, split_name
from snnbench.settings import INITIAL
from snnbench.words import plain


@dataclass(frozen=True, slots=True)
class Descriptions:
    """This says what the metrics and the marks of one report are called and mean.

    Attributes:
        quantities: What measurements say of their numbers, by column and in the order of the columns.
        flags: What measurements say of their warnings: the sentence of each.
        units: Of each metric, as its cells say, for those that no quantity describes.
    """

    quantities: Mapping[str, Quantity] = field(default_factory=dict)
    flags: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)

    def of(self, metric: str) -> Quantity:
        """Return the quantity of ``metric``: one described, a family's member, or a number of no one's."""
        if metric.startswith(INITIAL):
            return _before_training(self.of(metric.removeprefix(INITIAL)))
        if metric in self.quantities:
            return self.quantities[metric]
        name, parameter = split_name(metric)
        if name in self.quantities:
            family = self.quantities[name]
            return replace(
                family,
                title=f"{family.title} {family.parameter}{parameter}",
                headline=family.headline and parameter not in family.without_column,
            )
        unit = self.units.get(metric, "")
        meaning = "A measurement added by a plugin."
        return Quantity(metric, plain(metric), meaning, "" if unit == "1" else unit, headline="." not in name)

    def headlines(self, metrics: Iterable[str]) -> list[str]:
        """Return those of ``metrics`` that the board shows, in the order of the quantities, then by name."""
        places = {name: place for place, name in enumerate(self.quantities)}

        def order(metric: str) -> tuple[int, float, str]:
            name, parameter = split_name(metric)
            place = places.get(metric, places.get(name, len(places)))
            return place, _as_number(parameter), metric

        return sorted((metric for metric in metrics if self.of(metric).headline), key=order)

    @property
    def sentences(self) -> dict[str, str]:
        """Return the sentence of each mark, by its name and in the order in which they are explained."""
        return {**self.flags, **{flag.value: flag.meaning for flag in ReportFlag}}

    def explain(self, mark: Mark) -> str:
        """Return the sentence that explains ``mark``; empty if nobody has one."""
        return self.sentences.get(mark.name, "")


def as_shown(quantities: Mapping[str, Quantity]) -> dict[str, Quantity]:
    """Return the quantities by column, with texts fit to be shown, whoever wrote them."""
    return {column_of(name): _as_shown(quantity) for name, quantity in quantities.items()}


def _as_shown(quantity: Quantity) -> Quantity:
    meaning = plain(quantity.meaning)
    whole = meaning if meaning.endswith((".", "!", "?")) else f"{meaning}."
    return replace(
        quantity,
        title=plain(quantity.title),
        unit=plain(quantity.unit),
        meaning=whole,
        parameter=quantity.parameter,
    )


def _before_training(quantity: Quantity) -> Quantity:
    meaning = f"{quantity.meaning.removesuffix('.')}, before training."
    return replace(quantity, title=f"{quantity.title} before training", meaning=meaning, headline=False)


def _as_number(parameter: str) -> float:
    try:
        return float(parameter)
    except ValueError:
        return 0.0
