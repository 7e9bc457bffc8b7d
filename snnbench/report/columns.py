"""Names of the columns that a table of results has, and of those that a measurement may not take."""

from __future__ import annotations

from dataclasses import fields

from snnbench.axes import AXES
from snnbench.reserved import TAKEN
from snnbench.settings import Budget

PLACE = ("device", "engine", "environment")
BUDGET = tuple(field.name for field in fields(Budget) if field.name != "stability")
PENALTY = "penalty"
"""What is in the loss beside the cross-entropy: rows that differ in it alone are ranked together."""
VERSION = "version"
"""Hash of the components with their code: cells of one combination that differ in it ran different code."""
IDENTITY = (
    "id",
    "combination",
    *AXES,
    "seed",
    "status",
    "reason",
    *PLACE,
    "protocol",
    *BUDGET,
    PENALTY,
    "started",
    "seconds",
    "key",
    VERSION,
)
"""The columns of every table of cells, before its metrics and labels."""

ROW = (*AXES, PENALTY, *PLACE, "protocol", *BUDGET, VERSION)
"""Columns of a board that say what a row is: cells are averaged only when they agree in these."""

DETAILS = (".low", ".high", ".flags", ".reason")
LABEL = "label."

SCORE = "accuracy.test"
P_VALUE = f"{SCORE}.p"
STANDING = f"{SCORE}.standing"

NONE = "none"
"""The surrogate of a neuron that does not spike, and the penalty of a plain loss.

It is a word, so that a groupby keeps these rows.
"""


def column_of(metric: str) -> str:
    """Return the column of a metric; one that would take the place of another column gets another name."""
    taken = metric in TAKEN or metric in IDENTITY or metric.startswith((LABEL, "status."))
    name = f"measured_{metric}" if taken else metric
    return f"{name}_" if name.endswith((*DETAILS, ".n", ".p", ".standing")) else name
