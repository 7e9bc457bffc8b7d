"""Define what a result may hold. A line of a journal that holds anything else is skipped, with the reason."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from typing import Final

from snnbench.records import CellResult, Component, Metric, Value

LONGEST_NAME: Final = 500
"""Characters of a name: of a component, a metric, a label, a device."""

LONGEST_SERIES: Final = 1_000_000
MOST_INTEGER: Final = 2**53
"""What a table of 64-bit numbers, and JavaScript, can hold exactly."""

EPOCHS: Final = "stability.epochs"
"""The series that says after which epochs the other ``stability.*`` series were measured. Series whose names
agree up to the last dot are of one length."""


class InvalidResult(Exception):  # noqa: N818  what is wrong with a result; no error of the suite
    """This says what a result must not hold, in one line."""


def check_result(result: CellResult) -> None:
    """Check what types alone do not say: names, ranges, sizes, lengths.

    Raises:
        InvalidResult: Something is not as it must be; the text says what.
    """
    _check_cell(result)
    for what in ("device", "engine", "environment"):
        _check_name(getattr(result, what), what)
    for name, metric in result.metrics.items():
        _check_metric(name, metric)
    for name in result.labels:
        _check_name(name, "a label's name", least=1)
    for name, key in result.measured.items():
        _check_name(name, "a measurement's name", least=1)
        _check_name(key, f"the key of {name}")
    _check_series(result)
    if not (math.isfinite(result.seconds) and result.seconds >= 0):
        raise InvalidResult(f"seconds: {result.seconds} is not a duration")
    _check_time(result.started)


def _check_cell(result: CellResult) -> None:
    cell = result.cell
    for kind, component in cell.components.items():
        _check_name(component.name, f"the {kind}'s name", least=1)
        _check_params(component)
    _check_name(cell.key, "key")
    _check_integers("seed", [cell.seed], least=0)
    numbers = [getattr(cell.budget, field.name) for field in fields(cell.budget)]
    _check_integers("budget", [number for number in numbers if isinstance(number, int)], least=0)
    rates = [number for number in numbers if isinstance(number, float)]
    if not all(map(math.isfinite, rates)):
        raise InvalidResult("budget: it is not finite")


def _check_params(component: Component) -> None:
    for name, value in component.params:
        _check_name(name, f"a parameter's name of {component.name}", least=1)
        _check_integers(f"{component.name}, {name}", _integers(value), least=-MOST_INTEGER)


def _integers(value: Value) -> Iterable[int]:
    if isinstance(value, tuple):
        return [number for part in value for number in _integers(part)]
    return [value] if isinstance(value, int) else []


def _check_integers(what: str, numbers: Iterable[int], least: int) -> None:
    for number in numbers:
        if not least <= number <= MOST_INTEGER:
            raise InvalidResult(f"{what}: an integer is outside {least} … 2^53")


def _check_name(text: str, what: str, least: int = 0) -> None:
    """A name is printed in every table and joined into ids: no line breaks, no control characters."""
    if not least <= len(text) <= LONGEST_NAME or not text.isprintable():
        raise InvalidResult(f"{what}: {text[:40]!r} is not a name")


def _check_metric(name: str, metric: Metric) -> None:
    _check_name(name, "a metric's name", least=1)
    _check_name(metric.unit, f"{name}, its unit")
    for flag in metric.flags:
        _check_name(flag, f"{name}, a flag", least=1)
    if metric.low is not None and metric.high is not None and metric.low > metric.high:
        raise InvalidResult(f"{name}: its interval ends before it begins")


def _check_series(result: CellResult) -> None:
    for name, values in result.series.items():
        _check_name(name, "a series' name", least=1)
        if len(values) > LONGEST_SERIES:
            raise InvalidResult(f"series {name}: {len(values)} values are too many")
    lengths: dict[str, int] = {}
    for name, values in result.series.items():
        family = name.rpartition(".")[0]
        if family and len(values) != lengths.setdefault(family, len(values)):
            raise InvalidResult(f"series {name}: {len(values)} values, where {family} has {lengths[family]}")
    if not all(0 <= epoch <= MOST_INTEGER for epoch in result.series.get(EPOCHS, ())):
        raise InvalidResult(f"series {EPOCHS}: a value is not a number of epochs")


def _check_time(text: str) -> None:
    try:
        started = datetime.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidResult(f"started: {text[:40]!r} is not a time") from None
    if started is not None and (started.tzinfo is None or not 1970 <= started.year < 2200):
        raise InvalidResult(f"started: {text[:40]!r} is not a time in UTC of these centuries")
