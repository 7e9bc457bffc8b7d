"""Explain in two lines what is wrong with a matrix file, from pydantic's and tomllib's errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from snnbench.errors import did_you_mean

_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
_WORDING = {
    "Input should be": "should be",
    "an object": "a table",
    "a valid array": "a list",
    "a valid integer": "an integer",
    "a valid ": "a ",
}


def syntax_problem(error: Exception, text: str) -> str:
    """Return the message of a TOML syntax error in ``text``, with a line and column in all cases."""
    message = str(error)
    lines = text.splitlines() or [""]
    end = f"(at line {len(lines)}, column {len(lines[-1]) + 1})"
    message = message.replace("(at end of document)", end)
    return message if "(at line" in message else f"{message} {end}"


def first_problem(error: ValidationError, sections: Mapping[str, Any]) -> tuple[str, str]:
    """Return the message and hint for the problem to solve first; the message counts the others.

    Args:
        error: What pydantic found.
        sections: The dataclass behind each table, by its dotted name; ``""`` for the file itself.
    """
    # an axis whose items are wrong is also reported as too short
    problems = [one for one in error.errors() if one["type"] != "too_short" or not one["input"]]
    # an unknown key comes first: it may be why another one is missing
    problems.sort(key=lambda one: one["type"] not in _UNKNOWN)
    message, hint = _describe(problems[0], sections)
    return message + (f" (and {len(problems) - 1} more)" if problems[1:] else ""), hint


def _describe(problem: ErrorDetails, sections: Mapping[str, Any]) -> tuple[str, str]:
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in problem["loc"])[1:]
    *tables, key = [step for step in problem["loc"] if isinstance(step, str)]
    if problem["type"] in _UNKNOWN:
        return f"unknown key {path}", _place_of(key, ".".join(tables), sections)
    match problem["type"]:
        case "usage":
            return f"{path}: {problem['ctx']['message']}", problem["ctx"]["hint"]
        case "missing":
            return f"{path} is missing", f"required: {', '.join(_required(sections['.'.join(tables)]))}"
        case "too_short" | "string_too_short":
            return f"{path} is empty", ""
        case "tuple_type" if path in sections:
            return f"{path} is not a list of tables", f"begin each one with [[{path}]]"
    wanted = problem["msg"]
    for theirs, ours in _WORDING.items():
        wanted = wanted.replace(theirs, ours)
    return f"{path} {wanted}, got {json.dumps(problem['input'], ensure_ascii=False)}", ""


def _place_of(key: str, here: str, sections: Mapping[str, Any]) -> str:
    """Return the hint for an unknown key of table ``here``: where it belongs, or what it may have meant."""
    for table in ("", "train", "measure"):
        if table != here and key in _keys(sections[table]):
            return f"{key} belongs {f'under [{table}]' if table else 'above the first [table]'}"
    return did_you_mean(key, _keys(sections[here]))


def _keys(section: Any) -> list[str]:
    return [item.name for item in fields(section)]


def _required(section: Any) -> list[str]:
    return [item.name for item in fields(section) if item.default is item.default_factory is MISSING]
