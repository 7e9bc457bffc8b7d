"""Find which plugins there are: the installed ones and those that ``-p`` names, before any is imported."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from snnbench.errors import UsageError, did_you_mean
from snnbench.plugin.hookspecs import PROJECT

BUILTIN = "snnbench"
"""The distribution that provides the built-in components."""

IN_THE_REPOSITORY = ("snntorch", "spikingjelly", "norse", "sinabs", "tracetorch")
"""Libraries whose package, ``snnbench-NAME``, is a folder of the suite's repository and on no index."""


@dataclass(frozen=True)
class Source:
    """A plugin that is not yet imported.

    Attributes:
        entry: The entry point; for a plugin named by ``-p``, one made of the module's name.
        distribution: Who provides it: a distribution, or the module's name under ``-p``.
        version: Of the distribution; None for a module, which tells its own once imported.
        blocked: Why it is not to be loaded; empty if it is.
        given: The object with the hooks, where Python code hands it over; None for one to be imported.
    """

    entry: EntryPoint
    distribution: str
    version: str | None
    blocked: str = ""
    given: object = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"plugin {self.entry.name!r} ({' '.join(filter(None, (self.distribution, self.version)))})"

    @property
    def module(self) -> str:
        """Dotted name of the module it is imported from."""
        return self.entry.value.partition(":")[0].strip()

    @property
    def builtin(self) -> bool:
        """Return whether this is the suite's own set of components."""
        return self.distribution == BUILTIN and self.entry.name == "builtin"

    @property
    def wanted(self) -> bool:
        """Return whether it was asked for by name or as an object: the command fails if it is broken."""
        return self.builtin or self.version is None or self.given is not None

    @property
    def way_out(self) -> str:
        """Return what to do when it is broken."""
        if self.builtin:
            return "reinstall snnbench; 'snnbench doctor' checks the installation"
        if self.given is not None:
            return "repair it, or leave it out of plugins"
        if self.version is None:
            return "repair it; -p takes the dotted name of a module that is importable from here, or no:NAME"
        return f"repair or uninstall it, or leave it out with -p no:{self.entry.name}"

    def is_called(self, name: str) -> bool:
        """Return whether ``name`` is its entry point's or its distribution's."""
        return normal(name) in {normal(self.entry.name), normal(self.distribution)}


def normal(distribution: str) -> str:
    """Return a distribution's name as packaging compares it: lower case, one hyphen for any separator."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def how_to_install(distribution: str) -> str:
    """Return the command that installs ``distribution``; for one of ours, from the root of the repository."""
    name = normal(distribution)
    folder = "plugins/" if name.removeprefix(f"{PROJECT}-") in IN_THE_REPOSITORY else ""
    return f"pip install {folder}{name if folder else distribution}"


def find_sources(options: Sequence[str] = ()) -> list[Source]:
    """Return every plugin: the built-in one, the other installed ones, then the modules that ``-p`` names.

    Args:
        options: The values of ``-p``: ``no:NAME`` or a module, as ``Host.load`` explains.

    Raises:
        UsageError: ``no:NAME`` names no plugin, or the built-in one.
    """
    names = [option.removeprefix("no:") for option in options if option.startswith("no:")]
    modules = [_developed(option) for option in dict.fromkeys(options) if not option.startswith("no:")]
    builtin, others = _installed()
    for name in names:
        _check_blockable(name, builtin, others)
    others = [replace(source, blocked=_block_reason(source, names, modules)) for source in others]
    return [*builtin, *others, *modules]


def _installed() -> tuple[list[Source], list[Source]]:
    """Return the built-in plugin, and the others by distribution and name."""
    sources = [
        Source(entry, entry.dist.name or "", entry.dist.version or "")
        for entry in entry_points(group=PROJECT)
        if entry.dist is not None
    ]
    sources.sort(key=lambda source: (normal(source.distribution), source.entry.name))
    return [s for s in sources if s.builtin], [s for s in sources if not s.builtin]


def _developed(option: str) -> Source:
    """Return the plugin under development that ``-p module`` or ``-p module:attribute`` names.

    The current directory comes first on ``sys.path``, so that a working copy there is the one that is used.
    """
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    entry = EntryPoint(name=option, value=option, group=PROJECT)
    return Source(entry, option.partition(":")[0].strip(), None)


def _check_blockable(name: str, builtin: Sequence[Source], others: Sequence[Source]) -> None:
    if any(source.is_called(name) for source in others):
        return
    if any(source.is_called(name) for source in builtin):
        hint = "their plain names would then mean something else; a plugin's stay 'dist:name' beside them"
        raise UsageError(f"-p no:{name}: the built-in components cannot be left out", hint)
    known = {label for source in others for label in (source.entry.name, source.distribution)}
    hint = did_you_mean(name, known) or "no plugin is installed"
    raise UsageError(f"-p no:{name}: there is no plugin of this name", hint)


def _block_reason(source: Source, names: Sequence[str], modules: Sequence[Source]) -> str:
    for name in names:
        if source.is_called(name):
            return f"left out by -p no:{name}"
    for module in modules:
        if f"{source.module}.".startswith(f"{module.module}."):
            return f"replaced by -p {module.entry.name}"
    return ""
