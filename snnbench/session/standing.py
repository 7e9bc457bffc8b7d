"""Results of a journal stand for cells of a plan, or the cells are run again."""

from __future__ import annotations

from collections.abc import Mapping

from snnbench.execute.job import Settings
from snnbench.matrix.plan import Plan
from snnbench.records import CellResult, Status
from snnbench.settings import NATIVE, NO_LOOP, EngineChoice, Rerun
from snnbench.store.journal import Journal


def known(journal: Journal, plan: Plan, settings: Settings) -> dict[str, CellResult]:
    """Return the results that were made under these settings, by key; skipped cells of the plan are added."""
    place = (settings.device, settings.environment)
    here = [one for one in journal.results if (one.device, one.environment) == place]
    found = {one.cell.key: one for one in here if is_answer(one, settings.engine)}
    for skip in plan.skips:
        if skip.cell.key not in found:
            journal.append(
                CellResult(skip.cell, Status.SKIPPED, skip.reason, device=place[0], environment=place[1])
            )
    return found


def is_answer(result: CellResult, asked: EngineChoice) -> bool:
    """Return whether a cell run by ``asked`` would run as this one did.

    No other engine's numbers stand for it, nor its failure: what is out of memory by a loop may fit eagerly.
    """
    if result.status is Status.SKIPPED or result.engine == NATIVE:
        return True
    if asked is EngineChoice.EAGER:
        return result.engine == asked
    if result.engine == EngineChoice.COMPILED:
        return asked is EngineChoice.COMPILED
    if NO_LOOP in result.labels:  # what has no loop ran eagerly
        return asked is EngineChoice.LOOP
    return result.engine == EngineChoice.LOOP or "fallback" in result.labels


def wanted(result: CellResult | None, rerun: Rerun, measured: Mapping[str, str]) -> bool:
    """Return whether a cell with this result, if any, is to run; ``measured`` are the keys it must have."""
    if result is None or result.status in {Status.INTERRUPTED, Status.SKIPPED} or rerun is Rerun.ALL:
        return True
    if result.status is Status.DONE:
        return not measured.items() <= result.measured.items()
    return rerun is Rerun.FAILED
