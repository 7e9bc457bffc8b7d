"""A plugin is loaded: imported, its hooks registered, what it provides collected."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from typing import Literal

import pluggy

from snnbench.errors import did_you_mean
from snnbench.plugin import hookspecs
from snnbench.plugin.calls import doing
from snnbench.plugin.checks import Fault, check_spec
from snnbench.plugin.code import code_of
from snnbench.plugin.sources import Source, normal
from snnbench.plugin.spec import Spec
from snnbench.plugin.specs import KINDS
from snnbench.plugin.state import put_back

HOOKS = (*(f"snnbench_{kind}s" for kind in KINDS), "snnbench_skip", "snnbench_cell_finished")


@dataclass(frozen=True)
class Loaded:
    """A plugin looks so after the attempt to load it.

    Attributes:
        specs: What it provides; for a broken plugin, what it had handed over before the fault.
        hook: Calls its hooks; has none when it is broken or blocked.
        status: ``ok``, ``broken`` or ``blocked``.
        reason: Why it is not ``ok``.
        changes: What of the process its import changed; it has been put back.
    """

    source: Source
    version: str
    specs: tuple[Spec, ...] = ()
    hook: pluggy.HookRelay = field(default_factory=pluggy.HookRelay, repr=False)
    status: Literal["ok", "broken", "blocked"] = "ok"
    reason: str = ""
    changes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"plugin {self.source.entry.name!r} ({self.source.distribution} {self.version})"

    @property
    def warning(self) -> str:
        """Return what people should know of it, in one line; empty if there is nothing."""
        if self.status == "broken":
            return f"{self} is broken: {self.reason}"
        if self.status == "ok" and not any(getattr(self.hook, name).get_hookimpls() for name in HOOKS):
            return f"{self} implements no hook: all it gives is code that parameters name"
        changed = ", ".join(self.changes)
        return f"{self}: its import changed {changed}, which has been put back" if changed else ""


def load(source: Source) -> Loaded:
    """Import ``source``, register its hooks and collect its specs; any fault makes it broken.

    A plugin gets a plugin manager of its own. There is nothing to roll back when it fails, and it can
    neither stop another plugin nor hide one of the same name, nor wrap another's hooks. What its import
    changes of this process is put back.
    """
    if source.blocked:
        return Loaded(source, source.version or "", status="blocked", reason=source.blocked)
    changes: list[str] = []
    specs: list[Spec] = []
    hook, reason = pluggy.HookRelay(), ""
    try:
        with put_back(changes):
            with doing("import"):
                plugin = _import(source)
            with doing("registration"):
                hook = _register(plugin, needs_hooks=source.version is not None)
            for kind in KINDS.values():
                _collect(hook, kind, specs)
    except Fault as fault:
        hook, reason = pluggy.HookRelay(), str(fault)
    status: Literal["ok", "broken"] = "broken" if reason else "ok"
    return Loaded(source, _version(source, specs), tuple(specs), hook, status, reason, tuple(changes))


def refused(source: Source, reason: str) -> Loaded:
    """Return a plugin that must not be imported here, for ``reason``."""
    return Loaded(source, source.version or "dev", status="broken", reason=reason)


def without_repeats(one: Loaded, before: Sequence[Loaded]) -> Loaded:
    """Return ``one``, broken if another plugin of its distribution provides a component of the same name."""
    taken = {
        (spec.kind, spec.name): other
        for other in before
        if other.status == "ok" and normal(other.source.distribution) == normal(one.source.distribution)
        for spec in other.specs
    }
    for spec in one.specs:
        if other := taken.get((spec.kind, spec.name)):
            reason = f"{spec.kind} {spec.name!r} is already provided by {other}"
            return Loaded(one.source, one.version, one.specs, status="broken", reason=reason)
    return one


def _version(source: Source, specs: Sequence[Spec]) -> str:
    """Return the distribution's version; with a hash of the source where that may be edited in place.

    Results are kept by version: an edit must not pass for the code that was measured.
    """
    if source.version is not None and not _editable(source.entry):
        return source.version
    code = code_of({source.module, *(spec.home for spec in specs)})
    digest = hashlib.sha256(repr(sorted(code.items())).encode())
    version = source.version or getattr(sys.modules.get(source.module), "__version__", "dev")
    return f"{version}+{digest.hexdigest()[:8]}"


def _editable(entry: EntryPoint) -> bool:
    """Return whether the distribution was installed with ``pip install -e`` (PEP 610); never the suite."""
    if entry.dist is None or entry.dist.name == hookspecs.PROJECT:
        return False
    origin = json.loads(entry.dist.read_text("direct_url.json") or "{}")
    return bool(origin.get("dir_info", {}).get("editable"))


def _import(source: Source) -> object:
    if source.given is not None:
        return source.given
    if not source.distribution or source.version == "":
        raise Fault("the metadata of its distribution gives no name or no version")
    if not EntryPoint.pattern.match(source.entry.value):
        raise Fault(f"its entry point {source.entry.value!r} is not 'module' or 'module:attribute'")
    return source.entry.load()


def _register(plugin: object, *, needs_hooks: bool) -> pluggy.HookRelay:
    """Register ``plugin`` with a manager of its own.

    Raises:
        Fault: It has a misspelt or an unmarked hook, a wrapper, or no hook at all where it needs one. A
            module that the user named does not: parameters may name its functions.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    callers = manager.get_hookcallers(plugin) or []
    for caller in callers:
        optional = all(impl.optionalhook for impl in caller.get_hookimpls())
        if not caller.has_spec() and not optional:
            raise Fault(f"there is no hook {caller.name!r}: {did_you_mean(caller.name, HOOKS)}")
        if any(impl.wrapper or impl.hookwrapper for impl in caller.get_hookimpls()):
            raise Fault(f"{caller.name!r} is a hook wrapper; a plugin may not wrap hooks")
    marked = {caller.name for caller in callers}
    for name in HOOKS:
        if name not in marked and callable(getattr(plugin, name, None)):
            raise Fault(f"{name!r} is not marked with @snnbench.hookimpl")
    if needs_hooks and not marked:
        raise Fault("it implements no hook")
    return manager.hook


def _collect(hook: pluggy.HookRelay, kind: type[Spec], specs: list[Spec]) -> None:
    """Add the specs of one kind to ``specs``, each once it is checked.

    Raises:
        Fault: The hook raises or hands over something else than well-formed specs of this kind.
    """
    name = f"snnbench_{kind.kind}s"
    caller = getattr(hook, name)
    with doing(name):
        results = [list(result) for result in caller()]
        if len(results) < len(caller.get_hookimpls()):
            raise Fault(f"{name} returned None in place of a list of {kind.__name__}")
        names: set[str] = set()
        for spec in (spec for result in results for spec in result):
            check_spec(spec, kind)
            if spec.name in names:
                raise Fault(f"it provides two {spec.kind}s named {spec.name!r}")
            names.add(spec.name)
            specs.append(spec)
