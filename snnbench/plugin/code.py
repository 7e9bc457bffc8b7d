"""Tell which code a component runs: hashes of the user's modules, versions of installed distributions.

The modules are found by their import statements, without importing any. A module's hash is that of its syntax
tree: comments, docstrings, blank lines and line numbers leave it as it is.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError, packages_distributions
from pathlib import Path
from typing import Final

TOLD_ELSEWHERE: Final = {"", "__main__", "snnbench", "torch", "numpy", *sys.stdlib_module_names}
"""Packages whose code or version is part of an environment's identity already."""

INSTALLED: Final = {"site-packages", "dist-packages"}
"""Folders that hold installed distributions."""

BY_NAME: Final = {"import_module", "__import__", "iter_modules", "walk_packages"}
"""Functions that import modules whose names no import statement tells."""


def code_of(modules: Iterable[str]) -> dict[str, str]:
    """Return what importing ``modules`` runs: modules to their hashes, distributions to their versions.

    A module has a hash where it is the user's own, in no site-packages folder: one named by ``-p``, what lies
    beside it, and those of a distribution installed with ``pip install -e``. Other distributions stand for
    their modules by their version; only the packages that ``modules`` name are looked into for what they
    import.

    Imports within functions count. Where a module imports by a name that is worked out at run time, all
    modules of its package count. Data files that a module reads are not found.
    """
    pending = [parent for module in modules for parent in _with_parents(module)]
    followed = {_top(name) for name in pending}
    seen: set[str] = set()
    places: dict[str, ModuleSpec | None] = {}
    found: dict[str, str] = {}
    while pending:
        name = pending.pop()
        if name in seen or _top(name) in TOLD_ELSEWHERE:
            continue
        seen.add(name)
        spec = _find(name, places)
        file = _file(spec)
        if spec is None or file is None:
            continue
        module = _read(file, name, is_package=spec.submodule_search_locations is not None)
        installed = _is_installed(file)
        found |= _versions(_top(name)) if installed else {f"module {name}": module.digest}
        if not installed or _top(name) in followed:
            pending.extend(module.imports)
    return found


@dataclass(frozen=True, slots=True)
class _Module:
    """This says what a module's source tells.

    Attributes:
        digest: Hash of its syntax tree, or of its bytes where it is no Python source.
        imports: The modules that it may import, with the packages they are in.
    """

    digest: str
    imports: tuple[str, ...] = ()


def _top(name: str) -> str:
    return name.partition(".")[0]


def _with_parents(module: str) -> Iterator[str]:
    """Return ``a.b.c`` and the packages that importing it runs: ``a``, ``a.b``."""
    parts = module.split(".")
    return (".".join(parts[: end + 1]) for end in range(len(parts)))


def _find(name: str, places: dict[str, ModuleSpec | None]) -> ModuleSpec | None:
    """Return where a module is, or None. Unlike ``importlib.util.find_spec``, it imports no packages.

    Args:
        name: Of the module.
        places: What was found before; ``name`` and its packages are added.
    """
    if name not in places:
        places[name] = _found(name, places)
    return places[name]


def _found(name: str, places: dict[str, ModuleSpec | None]) -> ModuleSpec | None:
    parent, _, _ = name.rpartition(".")
    path = None
    if parent:
        package = _find(parent, places)
        path = package.submodule_search_locations if package else None
        if path is None:
            return None
    try:
        found = (finder.find_spec(name, path) for finder in sys.meta_path)
        return next((spec for spec in found if spec is not None), None)
    except KeyError:  # a folder without __init__.py in a package that has not been imported
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(Path(one) / name.rpartition(".")[2]) for one in path or ()]
        return spec


def _file(spec: ModuleSpec | None) -> Path | None:
    """Return the file of a module; None where it has none: built in, or a folder without ``__init__.py``."""
    file = Path(spec.origin) if spec is not None and spec.has_location and spec.origin else None
    return file if file is not None and file.is_file() else None


def _is_installed(file: Path) -> bool:
    return not INSTALLED.isdisjoint(file.parts)


@cache
def _versions(package: str) -> dict[str, str]:
    """Return the distributions that provide an installed top-level package, to their versions."""
    try:
        return {f"distribution {package}": importlib.metadata.version(package)}
    except PackageNotFoundError:
        owners = sorted({*packages_distributions().get(package, ())})
    return {f"distribution {owner}": importlib.metadata.version(owner) for owner in owners}


def _read(file: Path, name: str, *, is_package: bool) -> _Module:
    facts = file.stat()  # a file that was edited since is read again
    return _parse(file, name, is_package, facts.st_mtime_ns, facts.st_size)


@cache
def _parse(file: Path, name: str, is_package: bool, changed: int, size: int) -> _Module:
    content = file.read_bytes()
    try:
        tree = ast.parse(content) if file.suffix == ".py" else None
    except (SyntaxError, ValueError):
        tree = None
    if tree is None:
        return _Module(hashlib.sha256(content).hexdigest()[:16])
    imports = tuple(dict.fromkeys(_imports(tree, file, name if is_package else name.rpartition(".")[0])))
    text = ast.dump(_without_docstrings(tree))
    return _Module(hashlib.sha256(text.encode()).hexdigest()[:16], imports)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and (
            ast.get_docstring(node, clean=False) is not None
        ):
            del node.body[0]
    return tree


def _imports(tree: ast.Module, file: Path, package: str) -> Iterator[str]:
    """Yield the modules that a module of ``package`` may import: ``from a import b`` may mean ``a.b``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _with_parents(alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            for alias in node.names:
                yield from _with_parents(f"{base}.{alias.name}")
        elif isinstance(node, ast.Name | ast.Attribute) and _called(node) in BY_NAME:
            yield from _whole(file, package)


def _called(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


def _absolute(node: ast.ImportFrom, package: str) -> str:
    """Return the module that ``from ... import`` imports from."""
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [node.module])])


def _whole(file: Path, package: str) -> Iterator[str]:
    """Yield all modules of the top-level package of a module in ``package``, where it is not installed."""
    if not package or _is_installed(file):
        return
    folder = file.parents[package.count(".")]
    for one in folder.rglob("*.py"):
        parts = one.relative_to(folder.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
