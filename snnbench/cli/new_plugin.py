"""``snnbench new-plugin`` writes a package with a component and its tests, ready for a board."""

from __future__ import annotations

import ast
import keyword
import re
import sys
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final

import typer

from snnbench.axes import Axis
from snnbench.cli import app
from snnbench.cli.host import load_host
from snnbench.errors import UsageError
from snnbench.paths import user_path
from snnbench.plugin.specs import MeasurementSpec
from snnbench.words import check_name, plain

NAME: Final = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")


class Kind(StrEnum):
    """A kind of component that a package can provide."""

    NEURON = Axis.NEURON
    SURROGATE = Axis.SURROGATE
    ENCODER = Axis.ENCODER
    DATASET = Axis.DATASET
    NETWORK = Axis.NETWORK
    MEASUREMENT = MeasurementSpec.kind


@app.command("new-plugin")
def new_plugin(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the package, such as my-neuron.")],
    kind: Annotated[Kind, typer.Option(help="What it provides.")],
    out: Annotated[
        Path | None,
        typer.Option("-o", parser=user_path, metavar="DIR", help="Where to write it; ./NAME if not given."),
    ] = None,
) -> None:
    """Write a package with a component of one's own: it installs, has tests and runs as it is."""
    directory = Path(name) if out is None else out
    _check_name(name, kind)
    if directory.is_file() or (directory.is_dir() and any(directory.iterdir())):
        raise UsageError(f"{directory} is there already", "choose another directory with -o DIR")
    files = _render(name, kind)
    _check_own_name(name, kind, files)
    for path, content in files.items():
        _write(directory / path, content)
    module = _module(name)
    shown = plain(str(directory))
    typer.echo(f"{shown}: {', '.join(files)}")
    typer.echo(f"install and test it:  pip install -e '{shown}[test]' && (cd {shown} && pytest)")
    typer.echo(f"see it on a board:    {plain(_run(module, kind, directory))}")


def _module(name: str) -> str:
    return name.replace("-", "_")


def _check_name(name: str, kind: Kind) -> None:
    """Refuse a name that no package, module or component can have, or that is taken.

    Raises:
        UsageError: It is such a name.
    """
    module = _module(name)
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name for a package",
            "lower-case letters and digits, parts joined by hyphens, a letter first: my-neuron",
        )
    check_name(name, "a package")
    if keyword.iskeyword(module):
        raise UsageError(f"{name!r} is a keyword of Python", "choose another name: my-" + name)
    known = find_spec(module)  # a directory is found too, without an origin
    if module in sys.stdlib_module_names or (known and known.origin):
        raise UsageError(f"{name!r}: Python knows a module {module!r} already", "choose another name")
    for one in load_host(None).all(kind):
        if one.spec.name == module:
            raise UsageError(
                f"{one.distribution} provides {kind} {module!r} already", "choose another name: my-" + name
            )


def _check_own_name(name: str, kind: Kind, files: dict[str, str]) -> None:
    """Refuse a name that the component's own file uses for something else: ``linear``, a helper's.

    Raises:
        UsageError: It is such a name.
    """
    (path,) = (path for path in files if path.endswith(f"/{kind}.py"))
    tree = ast.parse(files[path])
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    for own in {_module(name), _title(name)}.intersection(defined):
        if [_named(node) for node in ast.walk(tree)].count(own) > 1:
            raise UsageError(
                f"{name!r}: {path} would use the name {own!r} for two things",
                "choose another name: my-" + name,
            )


def _named(node: ast.AST) -> str | None:
    """Return the name that ``node`` binds or reads, if any."""
    match node:
        case ast.FunctionDef() | ast.ClassDef():
            return node.name
        case ast.alias():
            return node.asname or node.name
        case ast.arg():
            return node.arg
        case ast.Name():
            return node.id
    return None


def _title(name: str) -> str:
    return "".join(part.capitalize() for part in _module(name).split("_"))


def _render(name: str, kind: Kind) -> dict[str, str]:
    """Return the files of the package: path to content."""
    import jinja2

    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("snnbench.cli"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    module = _module(name)
    source = f"src/{module}"
    paths = {
        "pyproject.toml": "pyproject.toml.j2",
        "README.md": "README.md.j2",
        f"{source}/__init__.py": f"{kind}/init.py.j2",
        f"{source}/{kind}.py": f"{kind}/component.py.j2",
        f"tests/test_{module}.py": f"{kind}/test.py.j2",
    }
    if kind is Kind.MEASUREMENT:
        paths["board.toml"] = f"{kind}/board.toml.j2"
    values = {
        "name": name,
        "module": module,
        "title": _title(name),
        "kind": str(kind),
        "article": "an" if kind is Kind.ENCODER else "a",
        "run": _run(module, kind, Path()),
    }
    return {path: templates.get_template(template).render(values) for path, template in paths.items()}


def _run(module: str, kind: Kind, directory: Path) -> str:
    """Return the command that puts it on a board."""
    if kind is Kind.MEASUREMENT:
        return f"snnbench run {directory / 'board.toml'}"
    return f"snnbench run --{kind} {module}"


def _write(path: Path, content: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror}", "choose another directory with -o DIR"
        ) from error
