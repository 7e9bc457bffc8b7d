"""This module reads a matrix: one that comes with the suite, or a TOML file."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from snnbench.errors import UsageError, did_you_mean
from snnbench.matrix.problems import first_problem, syntax_problem
from snnbench.matrix.spec import Also, Content, Exclude, Matrix, Override
from snnbench.paths import user_path
from snnbench.settings import Budget, Measure, Regulariser
from snnbench.words import check_name

_SECTIONS = {
    "": Content,
    "train": Budget,
    "train.stability": Regulariser,
    "measure": Measure,
    "also": Also,
    "also.train": Budget,
    "also.train.stability": Regulariser,
    "exclude": Exclude,
    "override": Override,
    "override.train": Budget,
    "override.train.stability": Regulariser,
}


def packaged() -> list[str]:
    """Return the names of the matrices that come with the suite."""
    names = (entry.name for entry in files("snnbench.matrices").iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def load(reference: str) -> Matrix:
    """Read and check a matrix.

    Args:
        reference: Name of a packaged matrix, else the path of a TOML file.

    Raises:
        UsageError: There is no such file, or something in it is wrong; the message says where.
    """
    if reference in packaged():
        text = (files("snnbench.matrices") / f"{reference}.toml").read_text("utf-8")
    else:
        text = _read(user_path(reference))
    name = check_name(Path(reference).stem, f"matrix {reference}:", "rename the file")
    return _check(text, reference, name)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        known = [*packaged(), *map(str, path.parent.glob("*.toml"))]
        hint = did_you_mean(str(path), known)
        raise UsageError(f"there is no matrix {str(path)!r}, neither packaged nor as a file", hint) from None
    except OSError as error:
        raise UsageError(f"matrix {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"matrix {path} is not UTF-8 at byte {error.start}", "save it as UTF-8") from None


def _check(text: str, path: str, name: str) -> Matrix:
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        problem = syntax_problem(error, text)
        raise UsageError(f"matrix {path}: {problem}", "see https://toml.io") from None
    try:
        # JSON, because only there does strict mode take a list for a tuple and a table for a dataclass
        content = _adapter().validate_json(json.dumps(document, default=str))
    except ValidationError as error:
        message, hint = first_problem(error, _SECTIONS)
        raise UsageError(f"matrix {path}: {message}", hint) from None
    return Matrix(name=name, **vars(content))


@cache
def _adapter() -> TypeAdapter[Content]:
    return TypeAdapter(Content)
