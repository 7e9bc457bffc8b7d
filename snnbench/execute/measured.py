"""One measurement of a cell: its metrics by name, each a number or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Mapping

from snnbench.errors import PluginError
from snnbench.execute.attempt import Metrics, attempt
from snnbench.measure import CellContext
from snnbench.plugin.specs import MeasurementSpec, metric_name
from snnbench.quantities import Quantity
from snnbench.records import Component, Metric

NOTHING = "the measurement returned nothing"


def measured(spec: MeasurementSpec, component: Component, context: CellContext) -> Metrics:
    """Return the metrics of the measurement ``component``; if it fails, all are missing, with the reason."""

    def made() -> Metrics:
        given = spec.load()(**spec.resolve(component.params))(context)
        return missing(NOTHING) if given is None else _metrics(spec, component, given)

    def missing(reason: str) -> Metrics:
        return {
            metric_name(component, one.name): Metric.missing(reason, one.metric_unit)
            for one in spec.quantities
        }

    return attempt(made, missing)


def _metrics(spec: MeasurementSpec, component: Component, given: object) -> Metrics:
    """Return what the measurement gave, by metric; what its spec names and it did not give is missing."""
    by_name = given if isinstance(given, Mapping) else {_only(spec).name: given}
    families = {str(name).partition("[")[0] for name in by_name}
    numbers = dict(by_name) | {one.name: None for one in spec.quantities if one.name not in families}
    found = {}
    for name, value in numbers.items():
        metric = _metric(_quantity(spec, name), value)
        _check_flags(spec, metric)
        found[metric_name(component, name)] = metric
    return found


def _only(spec: MeasurementSpec) -> Quantity:
    if len(spec.quantities) > 1:
        raise PluginError(f"it gives one number, but its spec names {len(spec.quantities)} quantities")
    return spec.quantities[0]


def _quantity(spec: MeasurementSpec, name: str) -> Quantity:
    """Return the quantity of a number; that of ``rate[1]`` is called ``rate``."""
    for one in spec.quantities:
        if one.name == name.partition("[")[0]:
            return one
    raise PluginError(f"it gives {name!r}, which its spec does not name")


def _metric(quantity: Quantity, value: Metric | float | None) -> Metric:
    """Return the metric of one number, with flags as plain texts, which any process can read."""
    unit = quantity.metric_unit
    if value is None:
        return Metric.missing(NOTHING, unit)
    metric = value if isinstance(value, Metric) else Metric(float(value), unit)
    if metric.value is not None and math.isnan(metric.value):
        return Metric.missing("it is not a number", unit)
    return Metric(metric.value, unit, metric.low, metric.high, tuple(map(str, metric.flags)), metric.reason)


def _check_flags(spec: MeasurementSpec, metric: Metric) -> None:
    known = set(spec.flags or ())
    for flag in metric.flags:
        if flag not in known:
            raise PluginError(f"it raises the flag {flag!r}, which its spec does not explain")
