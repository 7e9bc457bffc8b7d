"""Marks: the warnings that stand beside rows, and those that the report itself raises."""

from __future__ import annotations

import re
from dataclasses import dataclass

from snnbench.quantities import Flag
from snnbench.records import Status


class ReportFlag(Flag):
    """Warnings that the report itself raises, with the sentence that explains each of them."""

    FEW_SEEDS = "few seeds", "Fewer than 3 seeds were measured: the mean says little about the next seed."
    RENEWED = "renewed", "Older versions of its components were measured here too; their cells are left out."
    VERSIONS = (
        "versions",
        "A seed was measured in two versions, which must not be averaged: report the runs apart.",
    )
    IDENTICAL = "identical", "All seeds gave the same number: how far seeds differ is not known."
    INFINITE = "infinite", "A seed's number is infinite, so there is no interval."
    OTHER_SURROGATE = (
        "other surrogate",
        "The reference ran with this row's surrogate, a library's perhaps, not with that of its own row "
        "here: the ratio is not that of the two rows' rates.",
    )
    DIVERGED = "diverged", "The loss was not finite in so many seeds."
    FAILED = "failed", "So many seeds ended in an error; the list of what was not measured says which."
    OOM = "oom", "So many seeds ran out of memory."
    TIMEOUT = "timeout", "So many seeds took longer than the time limit."
    INTERRUPTED = "interrupted", "So many seeds were interrupted; running again continues them."
    SKIPPED = "skipped", "So many seeds were left out, for the reason in the list of what was not measured."
    CLASS = (
        "class",
        "How equal the model is to the reference: A the same spikes and gradients, B under 0.1 % of the "
        "spikes flipped, C another model.",
    )
    REFERENCE_OFF = (
        "reference off",
        "The reference, timed against itself, is off 1 by more than its interval and 5 %: the timings of "
        "this machine are biased.",
    )
    RATIO_IN_DOUBT = (
        "ratio in doubt",
        "The reference's own ratio is off on this board (reference off): this row's may be off by as much.",
    )
    GRADED = "graded", "The output is graded, not binary: sparsity and operation counts do not compare."
    FALLBACK = (
        "fallback",
        "Ran eagerly where compiled code failed or disagreed: the label fallback says where and why.",
    )
    NO_LOOP = (
        "no loop",
        "No loop can be made of some of its neurons, which ran eagerly, as did its reference for the ratios "
        "where all did: the label no loop says why. Rates and memory of rows by loops do not compare.",
    )
    NOT_REPEATABLE = (
        "not repeatable",
        "The same batch gave another output the second time: something is carried from batch to batch, or "
        "drawn at random, and the numbers depend on it.",
    )
    LEAK_CHECK_FAILED = (
        "leak check failed",
        "λ true missed the value known in advance: do not trust the exponents of this row.",
    )


FAILED_CHECKS = {
    "accuracy.repeat_check": ReportFlag.NOT_REPEATABLE,
    "stability.leak_check": ReportFlag.LEAK_CHECK_FAILED,
}
"""Metrics that are 0 where a check failed, and the mark of it."""

LOST = {status: ReportFlag(status.value) for status in Status if status is not Status.DONE}  # type: ignore[call-arg]
"""The mark of seeds that ended so."""

_FAMILY = re.compile(r"([^\[]+)\[(.*)\]")


@dataclass(frozen=True, slots=True)
class Mark:
    """A warning beside a row.

    Attributes:
        text: As it is shown: ``1 of 3 timeout``, ``resolution[1e-06]``.
        name: What it is explained as: ``timeout``, ``resolution``.
    """

    text: str
    name: str

    @classmethod
    def of(cls, flag: str) -> Mark:
        """Return the mark of a flag: of ``resolution[1e-06]``, what is explained as ``resolution``."""
        return cls(str(flag), split_name(flag)[0])


def split_name(name: str) -> tuple[str, str]:
    """Return the family and the parameter of a metric or a flag: of ``resolution[0.1]``, ``0.1``."""
    match = _FAMILY.fullmatch(name)
    return (match[1], match[2]) if match else (name, "")
