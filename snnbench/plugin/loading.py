"""Loading one plugin: import it, register its hooks, collect what it provides."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Literal

import pluggy

from snnbench.errors import did_you_mean
from snnbench.plugin import hookspecs
from snnbench.plugin.checks import Fault, check_spec
from snnbench.plugin.sources import Source, normal
from snnbench.plugin.specs import KINDS, Spec

HOOKS = (*(f"snnbench_{kind}s" for kind in KINDS), "snnbench_skip", "snnbench_cell_finished")
_MACHINERY = ("<", *(str(Path(module.__file__ or "").parent) for module in (importlib, pluggy, hookspecs)))


@dataclass(frozen=True)
class Loaded:
    """A plugin after the attempt to load it.

    Attributes:
        specs: What it provides; for a broken plugin, what it had handed over before the fault.
        hook: Calls its hooks; has none when it is broken or blocked.
        status: ``ok``, ``broken`` or ``blocked``.
        reason: Why it is not ``ok``.
    """

    source: Source
    version: str
    specs: tuple[Spec, ...] = ()
    hook: pluggy.HookRelay = field(default_factory=pluggy.HookRelay, repr=False)
    status: Literal["ok", "broken", "blocked"] = "ok"
    reason: str = ""

    def __str__(self) -> str:
        return f"plugin {self.source.entry.name!r} ({self.source.distribution} {self.version})"


def load(source: Source) -> Loaded:
    """Import ``source``, register its hooks and collect its specs; any fault makes it broken.

    A plugin gets a plugin manager of its own. There is nothing to roll back when it fails, and it can
    neither stop another plugin nor hide one of the same name, nor wrap another's hooks.
    """
    if source.blocked:
        return Loaded(source, source.version or "", status="blocked", reason=source.blocked)
    specs: list[Spec] = []
    try:
        with doing("import"):
            plugin = _import(source)
        with doing("registration"):
            hook = _register(plugin)
        for kind in KINDS.values():
            for spec in _collect(hook, kind):
                _check_new(spec, specs)
                specs.append(spec)
    except Fault as fault:
        return Loaded(source, _version(source, specs), tuple(specs), status="broken", reason=str(fault))
    return Loaded(source, _version(source, specs), tuple(specs), hook)


def without_repeats(one: Loaded, before: Sequence[Loaded]) -> Loaded:
    """``one``, broken if another plugin of the same distribution provides a component of the same name."""
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


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Turn whatever a plugin's code raises, ``SystemExit`` too, into a ``Fault`` that says where.

    What it prints goes to stderr: stdout is for results.

    Raises:
        Fault: The code within raised anything but KeyboardInterrupt.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except (Fault, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise Fault(f"{what} failed: {_describe(error)}") from error


def _describe(error: BaseException) -> str:
    """``ValueError: text (file.py:12)``, on one line; the place is the deepest in the plugin's own code."""
    text = " ".join(str(error).split())
    places = [
        f" ({Path(name).name}:{line})"
        for name, line in ((f.f_code.co_filename, n) for f, n in traceback.walk_tb(error.__traceback__))
        if not name.startswith(_MACHINERY)
    ]
    return f"{type(error).__name__}{': ' if text else ''}{text}{places[-1] if places else ''}"


def _version(source: Source, specs: Sequence[Spec]) -> str:
    """The distribution's version; with a hash of the source where that may be edited in place.

    Results are kept by version: an edit must not pass for the code that was measured.
    """
    if source.version is not None and not _editable(source.entry):
        return source.version
    modules = {source.module, *(_home(spec) for spec in specs)}
    files = sorted({file for module in modules for file in _files(module)})
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files))
    version = source.version or getattr(sys.modules.get(source.module), "__version__", "dev")
    return f"{version}+{digest.hexdigest()[:8]}"


def _home(spec: Spec) -> str:
    """Module of a spec's factory."""
    if isinstance(spec.factory, str):
        return spec.factory.partition(":")[0]
    return str(getattr(spec.factory, "__module__", ""))


def _files(module: str) -> list[Path]:
    """Source files of ``module``, or of its whole package if it is one; none if it cannot be found."""
    try:
        found = importlib.util.find_spec(module) if module else None
    except (ImportError, ValueError, AttributeError):
        return []
    file = Path((found.origin if found else None) or "")
    files = file.parent.rglob("*.py") if file.name == "__init__.py" else [file]
    return [one for one in files if one.is_file()]


def _editable(entry: EntryPoint) -> bool:
    """Whether the distribution was installed with ``pip install -e`` (PEP 610); never the suite."""
    if entry.dist is None or entry.dist.name == hookspecs.PROJECT:
        return False
    origin = json.loads(entry.dist.read_text("direct_url.json") or "{}")
    return bool(origin.get("dir_info", {}).get("editable"))


def _import(source: Source) -> object:
    if not source.distribution or source.version == "":
        raise Fault("the metadata of its distribution gives no name or no version")
    if not EntryPoint.pattern.match(source.entry.value):
        raise Fault(f"its entry point {source.entry.value!r} is not 'module' or 'module:attribute'")
    return source.entry.load()


def _register(plugin: object) -> pluggy.HookRelay:
    """Register ``plugin`` with a manager of its own.

    Raises:
        Fault: It has a misspelt or an unmarked hook, a wrapper, or no hook at all.
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
    if not marked:
        raise Fault("it implements no hook")
    return manager.hook


def _collect(hook: pluggy.HookRelay, kind: type[Spec]) -> Iterator[Spec]:
    """The specs of one kind, checked.

    Raises:
        Fault: The hook raises or hands over something else than well-formed specs of this kind.
    """
    name = f"snnbench_{kind.kind}s"
    caller = getattr(hook, name)
    with doing(name):
        results = [list(result) for result in caller()]
    if len(results) < len(caller.get_hookimpls()):
        raise Fault(f"{name} returned None in place of a list of {kind.__name__}")
    for result in results:
        for spec in result:
            with doing(name):
                check_spec(spec, kind)
            yield spec


def _check_new(spec: Spec, specs: list[Spec]) -> None:
    if any((spec.kind, spec.name) == (other.kind, other.name) for other in specs):
        raise Fault(f"it provides two {spec.kind}s named {spec.name!r}")
