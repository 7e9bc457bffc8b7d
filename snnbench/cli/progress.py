"""A person sees a run under way as nested bars on a terminal, else as a line for each finished cell."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from snnbench.cli.tables import STYLES
from snnbench.execute.job import EpochDone
from snnbench.records import Cell, CellResult, Status
from snnbench.words import plain

ECHO = len("^C") + 1
"""Columns left free: what a terminal echoes of Ctrl-C would begin a new line, and a bar would stay."""


WIDEST = 140
"""Columns of a bar and its name at most."""


@dataclass(frozen=True)
class _Narrow:
    """A column that is shown in a little less than the width there is, and not padded to it."""

    content: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(max(options.max_width - ECHO, 1), WIDEST)
        yield from console.render(self.content, options.update(width=width))


class _Bars(Progress):
    """Bars that are a little narrower than the terminal."""

    def get_renderable(self) -> RenderableType:
        return _Narrow(super().get_renderable())


class RunProgress:
    """Observes a run on stderr; a context manager."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        names = Column(ratio=1, no_wrap=True, overflow="ellipsis")  # where room is scarce, they are shortened
        self._bars = _Bars(
            TextColumn("{task.description}", markup=False, table_column=names),
            BarColumn(bar_width=8),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            expand=True,
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._cells: TaskID | None = None
        self._epochs: dict[str, TaskID] = {}
        self._pending = 0
        self._finished = 0

    def __enter__(self) -> RunProgress:
        self._bars.start()
        self._cells = self._bars.add_task("loading torch", total=None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def begin(self, planned: int, pending: int) -> None:
        self._pending = pending
        if planned > pending:
            self.note(f"{planned - pending} of {planned} cells are in the journal already")
        if self._cells is not None:
            self._bars.update(self._cells, description="cells", total=pending, completed=0)

    def compiling(self, done: int, total: int) -> None:
        if self._cells is not None and done < total:
            self._bars.update(self._cells, description="compiling loops", total=total, completed=done)
        if not done:
            what = (
                "1 neuron, surrogate and network"
                if total == 1
                else f"{total} neurons, surrogates and networks"
            )
            self._console.print(f"compiling loops: {what}", soft_wrap=True)

    def epoch(self, cell: Cell, event: EpochDone | None) -> None:
        if event is None:
            self._epochs[cell.key] = self._bars.add_task(plain(cell.id), total=cell.budget.epochs)
            return
        last = event.epoch + 1 == cell.budget.epochs
        text = f"{plain(cell.id)}  validation {event.accuracy:.3f}{', measuring' if last else ''}"
        self._bars.update(self._epochs[cell.key], completed=event.epoch + 1, description=text)

    def result(self, result: CellResult) -> None:
        self._finished += 1
        self._bars.remove_task(self._epochs.pop(result.cell.key))
        if self._cells is not None:
            self._bars.advance(self._cells)
        self._console.print(self._line(result), soft_wrap=True)

    def note(self, text: str) -> None:
        self._console.print(Text(plain(f"note: {text}")), soft_wrap=True)

    def _line(self, result: CellResult) -> Text:
        """Return ``[ 3/30] digits/rate/dense/lif/atan/s2  done  accuracy 0.967  6.1 s``."""
        width = len(str(self._pending))
        line = Text(f"[{self._finished:{width}}/{self._pending}] {plain(result.cell.id)}  ")
        line.append(result.status, STYLES.get(result.status, ""))
        accuracy = result.metrics.get("accuracy.test")
        if result.status is not Status.DONE:
            line.append(f"  {plain(result.reason)}")
        elif accuracy is not None and accuracy.value is not None:
            line.append(f"  accuracy {accuracy.value:.3f}")
        return line.append(f"  {result.seconds:.1f} s")
