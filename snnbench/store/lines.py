"""A journal's line is a result as JSON that ends with its checksum; reading checks it.

A line is ``{…,"checksum":"0123456789abcdef"}``: the first sixteen hex digits of the SHA-256 of the same line
without that last field. A line that was changed after it was written is no result.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from snnbench.errors import StoreError
from snnbench.records import PROTOCOL, SCHEMA, CellResult, Metric, RunHeader
from snnbench.store.validity import InvalidResult, check_result

LONGEST_REASON: Final = 10_000
"""Characters of a reason that the journal keeps: an exception can quote 300 kB of its input."""

LONGEST_TRACEBACK: Final = 100_000
"""Characters of a traceback that the journal keeps."""

MOST_WARNINGS = 10
"""Skipped lines that are told one by one."""

_RESULT = TypeAdapter(CellResult)
_HEADER = TypeAdapter(RunHeader)
_CHECKSUM = re.compile(rb',"checksum":"([0-9a-f]{16})"\}')
_TAIL = len(b',"checksum":"0123456789abcdef"}')


class Damage(Exception):  # noqa: N818  what is wrong with a line; no error of the suite
    """This says why a line is no result, in one line."""


def write_line(result: CellResult) -> bytes:
    """Return the line of ``result``: strict JSON with non-finite numbers as text, and a newline."""
    result = replace(
        result,
        reason=_text(result.reason, LONGEST_REASON),
        traceback=_text(result.traceback, LONGEST_TRACEBACK),
        labels={name: _text(value, LONGEST_REASON) for name, value in result.labels.items()},
        metrics={name: _shortened(metric) for name, metric in result.metrics.items()},
    )
    return seal(to_json(result, inf_nan_mode="strings")) + b"\n"


def seal(content: bytes) -> bytes:
    """Return ``content``, a JSON object, with its checksum as the last field."""
    return content[:-1] + b',"checksum":"' + _checksum(content) + b'"}'


def read_line(line: bytes) -> CellResult:
    """Return the result that ``line``, without its newline, holds.

    Raises:
        Damage: It is not a line of a journal, or was changed after it was written.
        StoreError: It was written under another protocol, or by a newer snnbench.
    """
    found = _CHECKSUM.fullmatch(line[-_TAIL:])
    if found is None:
        _refuse_earlier(line)
        raise Damage("it does not end with a checksum")
    content = line[:-_TAIL] + b"}"
    if found[1] != _checksum(content):
        raise Damage("its checksum does not match: it was changed after it was written")
    try:
        _check_versions(from_json(content))
        result = _RESULT.validate_json(content)
        check_result(result)
    except ValidationError as error:
        raise Damage(_first(error)) from None
    except (ValueError, InvalidResult) as error:
        raise Damage(str(error)) from None
    return result


def read_header(content: bytes) -> RunHeader:
    """Return the header of a run.

    Raises:
        Damage: It is none.
        StoreError: It was written by another version of snnbench.
    """
    try:
        _check_versions(from_json(content))
        return _HEADER.validate_json(content)
    except ValidationError as error:
        raise Damage(_first(error)) from None
    except ValueError as error:
        raise Damage(str(error)) from None


def write_header(header: RunHeader) -> bytes:
    """Return the content of ``run.json``."""
    return to_json(header, indent=2, inf_nan_mode="strings") + b"\n"


@dataclass(frozen=True, slots=True)
class Scan:
    """This says what is in a journal.

    Attributes:
        results: Every result, in the order of the lines.
        damaged: Number of each line that is no result, from 1, and the reason.
        end: Bytes up to the end of the last complete line.
        torn: Whether something follows the last complete line: what a kill left of a line.
    """

    results: list[CellResult]
    damaged: list[tuple[int, str]]
    end: int
    torn: bool

    def warnings(self, path: Path) -> list[str]:
        """Return what a person should know of a journal that is not whole.

        Args:
            path: Of the journal.
        """
        told = self.damaged[:MOST_WARNINGS]
        skipped = [f"{path}, line {number}: skipped: {reason}" for number, reason in told]
        if len(self.damaged) > MOST_WARNINGS:
            skipped.append(f"{path}: {len(self.damaged) - MOST_WARNINGS} more lines were skipped")
        if skipped:
            skipped.append("the cells of skipped lines will run again")
        torn = f"{path}: the last line is incomplete and was dropped; its cell will run again"
        return [*skipped, *([torn] if self.torn else [])]


def scan(path: Path) -> Scan:
    """Read a journal, line by line.

    Raises:
        StoreError: It was written under another protocol or by another version.
        OSError: It cannot be read.
    """
    content = path.read_bytes() if path.exists() else b""
    end = content.rfind(b"\n") + 1
    found = Scan([], [], end, torn=end < len(content))
    for number, line in enumerate(content[:end].split(b"\n")[:-1], start=1):
        try:
            found.results.append(read_line(line))
        except Damage as damage:
            found.damaged.append((number, str(damage)))
        except StoreError as error:
            raise StoreError(f"{path}, line {number}: {error.message}", error.hint) from None
    return found


def _refuse_earlier(line: bytes) -> None:
    """Say of a line without a checksum that it is of an earlier version, if that is what it is."""
    try:
        data: Any = from_json(line)
    except ValueError:
        return
    if isinstance(data, dict) and "cell" in data:
        _check_versions(data)


def _check_versions(data: Any) -> None:
    """Refuse what was measured or written otherwise: no code reads two formats."""
    schema, protocol = (
        (data.get(name) for name in ("schema", "protocol")) if isinstance(data, dict) else (0, 0)
    )
    earlier = "its numbers do not compare: run it again, into another directory"
    if isinstance(schema, int) and 0 < schema < SCHEMA:
        raise StoreError(f"schema {schema} is older than {SCHEMA}, the only one known here", earlier)
    if isinstance(protocol, int) and 0 < protocol < PROTOCOL:
        raise StoreError(f"it was measured under protocol {protocol}, and this is {PROTOCOL}", earlier)
    newer = "install a newer snnbench to read it"
    if isinstance(schema, int) and schema > SCHEMA:
        raise StoreError(f"schema {schema} is newer than {SCHEMA}, the newest known here", newer)
    if isinstance(protocol, int) and protocol > PROTOCOL:
        raise StoreError(f"protocol {protocol} is newer than {PROTOCOL}, the newest known here", newer)


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest()[:16].encode()


def _shortened(metric: Metric) -> Metric:
    """Return ``metric`` with a reason that can be written."""
    return metric if metric.reason is None else replace(metric, reason=_text(metric.reason, LONGEST_REASON))


def _text(text: str, longest: int) -> str:
    """Return text that UTF-8 can hold, cut where it is far too long."""
    left = len(text) - longest
    kept = text if left <= 0 else f"{text[:longest]} … ({left} more characters)"
    return kept.encode("utf-8", "replace").decode()
