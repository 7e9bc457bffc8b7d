"""Print the rooms and the modules of the suite as docs/architecture.md has them, or write them there.

``python docs/modules.py --write`` after a module was added, moved, removed or described anew.
"""

import ast
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
PACKAGE = "snnbench"


def summary(path: Path) -> str:
    """Return the first line of a module's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").partition("\n")[0]


def module_path(name: str) -> Path:
    """Return the file of a module or package."""
    path = ROOT.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def layers() -> list[list[str]]:
    """Return the layers of the import contract from top to bottom, each with its modules."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (found,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [re.split(r"\s*[:|]\s*", layer) for layer in found]


def table(title: str, rows: list[tuple[str, str]]) -> str:
    """Return a table in Markdown."""
    escaped = [(name, text.replace("|", "\\|").replace("``", "`")) for name, text in rows]
    return "\n".join([f"| {title} | |", "|---|---|", *(f"| {name} | {text} |" for name, text in escaped)])


def rooms() -> str:
    """Return the layers, each with the sentence of every room in it."""
    rows = [
        (f"{number}. `{name.removeprefix(PACKAGE + '.')}`", summary(module_path(name)))
        for number, layer in enumerate(layers(), 1)
        for name in layer
    ]
    return table("layer and room", rows)


def modules() -> str:
    """Return a table of the modules of each folder."""
    parts = []
    for folder in sorted({path.parent for path in (ROOT / PACKAGE).rglob("*.py")}):
        rows = [
            (f"`{path.stem}`", summary(path))
            for path in sorted(folder.glob("*.py"))
            if path.name != "__init__.py" and not path.name.startswith("__")
        ]
        about = folder / "__init__.py"
        if about.exists():
            sentence = summary(about).replace("``", "`")
            parts.append(f"### `{folder.relative_to(ROOT).as_posix()}`\n\n{sentence}")
        if rows and about.exists():
            parts.append(table("module", rows))
    return "\n\n".join(parts)


def filled(text: str) -> str:
    """Return the page with what stands between its markers made anew."""
    for name, content in {"rooms": rooms(), "modules": modules()}.items():
        start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        head, _, rest = text.partition(start)
        _, _, tail = rest.partition(end)
        text = f"{head}{start}\n{content}\n{end}{tail}"
    return text


if __name__ == "__main__":
    made = filled(PAGE.read_text("utf-8"))
    if "--write" in sys.argv[1:]:
        PAGE.write_text(made, "utf-8", newline="\n")
    else:
        sys.stdout.buffer.write(made.encode())
