"""Hooks that are called during a command: a plugin that fails or hangs in one costs the others nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from snnbench.plugin.calls import Stuck, call
from snnbench.plugin.checks import Fault
from snnbench.plugin.loading import Loaded
from snnbench.records import Cell, CellResult


class Hooks:
    """Some plugins have ``snnbench_skip`` and ``snnbench_cell_finished``; this calls them.

    Attributes:
        complaints: What has gone wrong in ``snnbench_skip``, a line each, in order.
    """

    def __init__(self, plugins: Sequence[Loaded]) -> None:
        # found once: a plan asks for every cell
        self._skipping = [one for one in plugins if one.hook.snnbench_skip.get_hookimpls()]
        self._observing = [one for one in plugins if one.hook.snnbench_cell_finished.get_hookimpls()]
        self._stuck: dict[tuple[str, str], Stuck] = {}
        self.complaints: dict[str, None] = {}

    def skip_reason(self, cell: Cell, is_party: Callable[[Loaded, Cell], bool]) -> str | None:
        """Return the first reason of a plugin not to run ``cell``, and which plugin gave it; or None.

        Args:
            cell: The cell.
            is_party: Whether a plugin provides a component of it: if its hook fails, the cell cannot run.
        """
        for one in self._skipping:
            try:
                reason = self._ask(one, "snnbench_skip", cell=cell)
                if reason is not None and not (isinstance(reason, str) and reason):
                    raise Fault(f"snnbench_skip returned {reason!r}, neither a reason nor None")
            except Fault as fault:
                self.complaints[f"{one}: {fault}"] = None
                if is_party(one, cell):
                    return f"{one}: {fault}"
                continue
            if reason:
                return f"{reason} (says {one})"
        return None

    def cell_finished(self, result: CellResult) -> list[str]:
        """Tell every plugin about ``result``; return what went wrong in them, a line each.

        One that did not end in time is told nothing more.
        """
        messages = []
        for one in self._observing:
            if (str(one), "snnbench_cell_finished") in self._stuck:
                continue
            try:
                self._ask(one, "snnbench_cell_finished", result=result)
            except Stuck as stuck:
                messages.append(f"{one}: {stuck}; it is told of no further cell")
            except Fault as fault:
                messages.append(f"{one}: {fault}")
        return messages

    def _ask(self, plugin: Loaded, name: str, **arguments: object) -> object:
        """Call a hook; one that did not end in time before is not called again.

        Raises:
            Fault: It raised something.
            Stuck: It does not, or did not, end in time.
        """
        key = str(plugin), name
        if key in self._stuck:
            raise self._stuck[key]
        try:
            return call(name, lambda: getattr(plugin.hook, name)(**arguments))
        except Stuck as stuck:
            self._stuck[key] = stuck
            raise
