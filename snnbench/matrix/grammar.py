"""A component as the matrix writes it: ``lif``, ``lif(beta=0.95)``, ``dist:lif(beta=[0.9,0.95])``.

Here a text becomes raw values. Whether a list is one value or a sweep depends on the parameter it
is given to, so that is decided where the component's spec is known: in ``plan``.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from dataclasses import dataclass
from keyword import iskeyword
from typing import TypeAlias

from snnbench.errors import UsageError
from snnbench.records import Scalar

Raw: TypeAlias = "Scalar | tuple[Raw, ...]"

_REFERENCE = re.compile(r"\s*((?:[A-Za-z0-9][\w.-]*:)?[A-Za-z_]\w*)\s*", re.ASCII)
_BARE = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_WORDS = {"true": True, "false": False}
_HINT = "write NAME or NAME(PARAMETER=VALUE, ...); a list is a sweep: lif(beta=[0.9,0.95])"
_LARGEST_INT = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Request:
    """A request is a component as somebody asked for it; ``str`` gives a text that parses to the same.

    Attributes:
        reference: ``lif``, or ``dist:lif`` to say which distribution's.
        arguments: Parameter name to raw value, in the order written.
    """

    reference: str
    arguments: tuple[tuple[str, Raw], ...] = ()

    @property
    def distribution(self) -> str:
        """Return ``dist`` of ``dist:lif``; empty where none is named."""
        return self.reference.rpartition(":")[0]

    def __str__(self) -> str:
        if not self.arguments:
            return self.reference
        return f"{self.reference}({', '.join(f'{name}={_write(value)}' for name, value in self.arguments)})"


def parse(text: str) -> Request:
    """Read one component.

    Raises:
        UsageError: The text does not follow the grammar; the message gives the column.
    """
    start = _REFERENCE.match(text)
    if start is None:
        raise _error(text, 0, "expected the name of a component")
    call = _call(text, start.end())
    arguments: dict[str, Raw] = {}
    for keyword in call.keywords if call else ():
        if keyword.arg is None:
            raise _error(text, _column(text, keyword), "expected PARAMETER=VALUE")
        if keyword.arg in arguments:
            raise _error(text, _column(text, keyword), f"{keyword.arg} is given twice")
        arguments[keyword.arg] = _read(text, keyword.value)
    return Request(start[1], tuple(arguments.items()))


def _call(text: str, end: int) -> ast.Call | None:
    """Return the argument list after the name that ends at ``end``; None if there is none."""
    if text[end:] and (text[end] != "(" or len(text.splitlines()) > 1):
        raise _error(text, end, "expected '(' or the end of one line")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # an invalid escape in a quoted text is a mistake
            tree = ast.parse("_" * end + text[end:], mode="eval").body
    except SyntaxError as error:
        raise _error(text, max((error.offset or 1) - 1, 0), error.msg) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise _error(text, end, str(error) or "nested too deeply") from None
    if isinstance(tree, ast.Name):
        return None
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
        raise _error(text, end, "expected one list of arguments")
    if tree.args:
        raise _error(text, _column(text, tree.args[0]), "expected PARAMETER=VALUE")
    return tree


def _read(text: str, node: ast.expr) -> Raw:
    match node:
        case ast.Name(id=word):
            return _WORDS.get(word, word)
        case ast.Constant(value=bool() | str() as value):
            return value
        case ast.Constant(value=int() | float() as value):
            return _number(text, node, value)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=size)) if not isinstance(size, bool):
            if isinstance(size, int | float):
                return -_number(text, node, size)
        case ast.List(elts=items):
            return tuple(_read(text, item) for item in items)
    raise _error(text, _column(text, node), "expected a number, a word, 'quoted text' or a list [..., ...]")


def _number(text: str, node: ast.expr, value: float) -> float:
    if isinstance(value, int) and value > _LARGEST_INT:
        raise _error(text, _column(text, node), "does not fit in 64 bits")
    if not math.isfinite(value):
        raise _error(text, _column(text, node), "is not a finite number")
    return value


def _write(value: Raw) -> str:
    """Return the inverse of ``_read``."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{','.join(_write(item) for item in value)}]"
    bare = isinstance(value, str) and _BARE.fullmatch(value) and value not in _WORDS
    return str(value) if bare and not iskeyword(str(value)) else repr(value)


def _column(text: str, node: ast.expr | ast.keyword) -> int:
    """Return where ``node`` begins, in characters: ast counts bytes of UTF-8."""
    return len(text.encode()[: node.col_offset].decode())


def _error(text: str, column: int, problem: str) -> UsageError:
    return UsageError(f"component {text!r}, column {column + 1}: {problem}", _HINT)
