"""This module narrows what a matrix measures to the measurements that someone names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from snnbench.errors import UsageError, did_you_mean
from snnbench.identity import STANDARD
from snnbench.matrix import grammar
from snnbench.matrix.spec import Matrix
from snnbench.plugin.host import Host

ACCURACY = "accuracy"
"""The measurement that every cell has, named or not."""


def measuring(matrix: Matrix, texts: Sequence[str], host: Host) -> Matrix:
    """Return ``matrix`` with these measurements instead of its own; no texts leave what there is.

    Comparisons with a reference stay as they are; a floor goes with the throughput.

    Args:
        matrix: What is run.
        texts: ``accuracy``, ``throughput``, ``memory``, ``stability``, and measurements of plugins as a
            matrix writes them.
        host: Who has the plugins.

    Raises:
        UsageError: There is no measurement of such a name.
    """
    if not texts:
        return matrix
    standard = {ACCURACY, *STANDARD}
    extra = tuple(text for text in texts if text not in standard)
    known = standard | {one.spec.name for one in host.all("measurement")}
    for name in (grammar.parse(text).reference for text in extra):
        if ":" not in name and name not in known:
            raise UsageError(f"there is no measurement {name!r}", did_you_mean(name, known))
    measure = replace(
        matrix.measure,
        throughput="throughput" in texts,
        memory="memory" in texts,
        stability="stability" in texts,
        floor=matrix.measure.floor if "throughput" in texts else "",
    )
    return replace(matrix, measurements=extra, measure=measure)
