"""The host knows every plugin of this installation, what each provides, and what a name means."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from typing import Literal

from snnbench.errors import PluginError, UsageError, did_you_mean
from snnbench.plugin import trial
from snnbench.plugin.given import option_or_source
from snnbench.plugin.hooks import Hooks
from snnbench.plugin.loading import Loaded, load, refused, without_repeats
from snnbench.plugin.sources import BUILTIN, Source, find_sources, how_to_install, normal
from snnbench.plugin.spec import Spec
from snnbench.plugin.specs import KINDS
from snnbench.records import Cell, CellResult, Value


@dataclass(frozen=True)
class Provided:
    """A component and who provides it.

    Attributes:
        distribution: The distribution it comes from, ``snnbench`` for a built-in one.
        version: Of that distribution, as people see it: with a hash of code that may be edited in place.
        reference: Its name in a matrix: the plain name if it is built in or if nobody else has it,
            else ``dist:name``.
        module: The module that the plugin is imported from.
        release: Version that the distribution's metadata gives; empty for a module named by ``-p``.
    """

    spec: Spec
    distribution: str
    version: str
    reference: str
    module: str
    release: str


@dataclass(frozen=True)
class Plugin:
    """People see this of a plugin.

    Attributes:
        name: Name of its entry point; the module's name if it was given by ``-p``.
        distribution: The distribution that holds it; the module's name if it was given by ``-p``.
        status: ``ok``, ``broken`` or ``blocked``.
        reason: Why it is not ``ok``.
        components: What it provides; nothing unless it is ``ok``.
    """

    name: str
    distribution: str
    version: str
    status: Literal["ok", "broken", "blocked"]
    reason: str
    components: tuple[Provided, ...]


class Host:
    """The plugins that were found, and lookup among what they provide."""

    def __init__(self, loaded: Sequence[Loaded]) -> None:
        self._loaded = loaded
        self._active = [one for one in loaded if one.status == "ok"]
        self._hooks = Hooks(self._active)
        owners = Counter((spec.kind, spec.name) for one in self._active for spec in one.specs)
        self.plugins = tuple(_describe(one, owners) for one in loaded)
        self._provided = [component for plugin in self.plugins for component in plugin.components]
        self.warnings = tuple(one.warning for one in loaded if one.warning)

    @classmethod
    def load(
        cls,
        options: Iterable[object] = (),
        *,
        strict: bool = False,
        fresh: bool = False,
        tell: Callable[[str], None] = lambda plugin: None,
    ) -> Host:
        """Find and load every plugin: those of others only after they were imported in a process apart.

        Args:
            options: The values of ``-p``: ``no:NAME`` leaves out the plugins whose entry point or
                distribution has that name; anything else is a module to load as a plugin, in place of
                installed plugins from that same module. The built-in components cannot be left out:
                their plain names would then mean something else. Python code may also give modules,
                specs, classes of neurons or surrogates, and objects with hooks.
            strict: Any broken plugin is an error.
            fresh: Try every plugin in a process apart again, also where nothing has changed.
            tell: Told each plugin before it is imported, and those that are tried apart.

        Raises:
            UsageError: An option names nothing that could be left out, or nothing that could be loaded.
            PluginError: A module given by an option, the built-in plugin or, if ``strict``, any is broken.
        """
        asked = [option_or_source(one) for one in options]
        objects = [one for one in asked if isinstance(one, Source)]
        sources = [*find_sources([one for one in asked if isinstance(one, str)]), *objects]
        others = [one for one in sources if not (one.blocked or one.builtin or one.given)]
        verdicts = trial.judge(others, fresh=fresh, tell=tell)
        loaded: list[Loaded] = []
        for source in sources:
            if not source.blocked:
                tell(str(source))
            verdict = verdicts.get(source)
            one = refused(source, verdict.refusal) if verdict and verdict.refusal else load(source)
            if verdict:
                one = replace(one, changes=tuple(dict.fromkeys((*verdict.changes, *one.changes))))
            loaded.append(without_repeats(one, loaded))
        for one in loaded:
            if (strict or one.source.wanted) and one.status == "broken":
                raise PluginError(f"{one} is broken: {one.reason}", one.source.way_out)
        return cls(loaded)

    def all(self, kind: str) -> list[Provided]:
        """Return every component of ``kind`` (``neuron``, ``dataset``, ...), the built-in ones first."""
        return [component for component in self._provided if component.spec.kind == kind]

    @cached_property
    def _named(self) -> Mapping[tuple[str, str], Sequence[Provided]]:
        """Return every component by kind and name: a plan of thousands asks for each."""
        named = defaultdict[tuple[str, str], list[Provided]](list)
        for one in self._provided:
            named[one.spec.kind, one.spec.name].append(one)
        return named

    def find(self, kind: str, reference: str) -> Provided:
        """Return the component that ``reference``, a plain name or ``dist:name``, stands for.

        Raises:
            UsageError: There is no such component or kind.
            PluginError: Several distributions provide it, or the one that does is broken.
        """
        if kind not in KINDS:
            raise UsageError(f"there is no kind of component {kind!r}", did_you_mean(kind, KINDS))
        distribution, _, name = reference.rpartition(":")
        matches = [one for one in self._named.get((kind, name), ()) if _is_from(one, distribution)]
        builtin = [one for one in matches if one.distribution == BUILTIN]
        matches = builtin or matches
        if len(matches) > 1:
            owners = " and ".join(f"{one.distribution} {one.version}" for one in matches)
            hint = f"write {' or '.join(one.reference for one in matches)}"
            raise PluginError(f"{kind} {name!r} is provided by {owners}", hint)
        if not matches:
            raise self._unknown(kind, distribution, name)
        return matches[0]

    def code_named(self, spec: Spec, values: Mapping[str, Value]) -> tuple[str, ...]:
        """Return the modules that parameters of a component name and the component will import.

        Raises:
            UsageError: One is neither the suite's nor of a module that the user named as a plugin.
        """
        texts = [str(values[name]) for name, param in spec.params.items() if param.names_code]
        modules = tuple(text.partition(":")[0] for text in texts if text)
        trusted = [BUILTIN, *(one.source.module for one in self._active if one.source.wanted)]
        for module in modules:
            if not any(f"{module}.".startswith(f"{one}.") for one in trusted):
                problem = f"{spec.kind} {spec.name!r} would import {module!r}, which is not named by -p"
                raise UsageError(problem, f"if you trust it: -p {module}, or plugins=[{module!r}] in Python")
        return modules

    def has(self, distribution: str) -> bool:
        """Return whether a plugin of ``distribution`` is installed and not blocked; it may be broken."""
        names = {normal(one.source.distribution) for one in self._loaded if one.status != "blocked"}
        return normal(distribution) in names

    def skip_reason(self, cell: Cell) -> str | None:
        """Return why some plugin will not have ``cell`` run, and which one; or None.

        A plugin whose ``snnbench_skip`` raises, hangs, or returns something else than a text or None, has
        no say but for cells with a component of its own: the reason is then what went wrong. It is among
        the ``complaints``.
        """
        return self._hooks.skip_reason(cell, self._is_party)

    @property
    def complaints(self) -> tuple[str, ...]:
        """Return what has gone wrong in ``snnbench_skip`` so far, a line each."""
        return tuple(self._hooks.complaints)

    def cell_finished(self, result: CellResult) -> list[str]:
        """Tell every plugin about ``result``; what went wrong in them comes back as lines to log."""
        return self._hooks.cell_finished(result)

    def _is_party(self, plugin: Loaded, cell: Cell) -> bool:
        owners = {self.find(kind, part.name).distribution for kind, part in cell.components.items()}
        return plugin.source.distribution in owners

    def _unknown(self, kind: str, distribution: str, name: str) -> UsageError:
        reference = f"{distribution}:{name}" if distribution else name
        for one in self._loaded:
            named = distribution and normal(distribution) == normal(one.source.distribution)
            offered = not distribution and any((s.kind, s.name) == (kind, name) for s in one.specs)
            if one.status == "broken" and (named or offered):
                return PluginError(
                    f"{kind} {reference!r} needs {one}, which is broken: {one.reason}", one.source.way_out
                )
            if one.status == "blocked" and named:
                return UsageError(f"{kind} {reference!r} needs {one}, which is {one.reason}")
        if distribution and not any(_is_from(one, distribution) for one in self._provided):
            close = get_close_matches(distribution, {one.distribution for one in self._provided}, cutoff=0.9)
            install = f"install it: {how_to_install(distribution)}"
            return UsageError(
                f"{kind} {reference!r} needs the package {distribution!r}, which is not installed",
                f"did you mean {close[0]}:{name}?" if close else install,
            )
        known = [one.reference for one in self.all(kind)]
        if distribution:
            known = [f"{one.distribution}:{one.spec.name}" for one in self.all(kind)]
        broken = [one.source.entry.name for one in self._loaded if one.status == "broken"]
        note = (
            f"; or it is in a broken plugin ({', '.join(broken)}): see 'snnbench plugins'" if broken else ""
        )
        return UsageError(f"unknown {kind} {reference!r}", did_you_mean(reference, known) + note)


def _is_from(component: Provided, distribution: str) -> bool:
    return not distribution or normal(component.distribution) == normal(distribution)


def _describe(one: Loaded, owners: Counter[tuple[str, str]]) -> Plugin:
    """Return ``one`` as people see it; ``owners`` counts who provides each (kind, name)."""
    owner = one.source.distribution
    components = []
    for spec in one.specs if one.status == "ok" else ():
        plain = owner == BUILTIN or owners[spec.kind, spec.name] == 1
        reference = spec.name if plain else f"{owner}:{spec.name}"
        origin = one.source.module, one.source.version or ""
        components.append(Provided(spec, owner, one.version, reference, *origin))
    return Plugin(one.source.entry.name, owner, one.version, one.status, one.reason, tuple(components))
