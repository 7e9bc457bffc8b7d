"""A selection chooses cells: ``lif and not latency``, ``lif[beta=0.9] or (beta=0.9* and s0)``.

A cell is known by its words: the name and the whole label of each of its components, each
``parameter=value`` given to them, its seed, and ``stability`` if that is in its loss. A term is true of
a cell when it equals one of its words; in a term ``*`` stands for any text and ``?`` for any character.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeAlias

from snnbench.errors import UsageError, did_you_mean
from snnbench.records import Cell, Component, format_value
from snnbench.settings import Budget

Test: TypeAlias = Callable[[Collection[str]], bool]

_TOKEN = re.compile(r"[()]|[^\s()]+")
_KEYWORDS = ("and", "or", "not")
PENALTY = "stability"
"""The word of a cell whose training has stability in its loss."""

_HINT = "write terms such as lif, lif[beta=0.9], beta=0.9 or s0, joined by and, or, not and parentheses"


@dataclass(frozen=True, slots=True)
class Selection:
    """A selection is what a text was parsed to.

    Attributes:
        terms: In the order written.
        matches: Whether it is true of a cell with these words.
    """

    terms: tuple[str, ...]
    matches: Test

    def unknown(self, words: Collection[str]) -> list[str]:
        """Return the terms that are true of none of ``words``."""
        return [term for term in self.terms if not _term(term)(words)]


def parse(text: str) -> Selection:
    """Read a selection.

    Raises:
        UsageError: It does not follow the grammar; the message gives the column.
    """
    parser = _Parser(text)
    try:
        test = parser.disjunction()
    except RecursionError:
        raise UsageError(f"selection {text[:40]!r}... is nested too deeply", _HINT) from None
    if parser.peek():
        raise parser.error("expected 'and', 'or' or the end")
    return Selection(tuple(parser.terms), test)


def component_words(component: Component) -> frozenset[str]:
    """Return its name, its label and each ``parameter=value``."""
    values = (f"{name}={format_value(value)}" for name, value in component.params)
    return frozenset((component.name, str(component), *values))


def seed_word(seed: int) -> str:
    """Return the word of a cell with this seed."""
    return f"s{seed}"


def penalty_words(budget: Budget) -> frozenset[str]:
    """Return the word of a cell whose training has stability in its loss; nothing for any other cell."""
    return frozenset((PENALTY,) if budget.stability else ())


def cell_words(cell: Cell) -> frozenset[str]:
    """Return all words of ``cell``."""
    parts = map(component_words, cell.components.values())
    return penalty_words(cell.budget).union((seed_word(cell.seed),), *parts)


def suggest(term: str, words: Collection[str]) -> str:
    """Return the hint for a term that matches none of ``words``: the like of it that would."""
    alike = [word for word in words if _shape(word) == _shape(term)]
    return did_you_mean(term, alike or [word for word in words if not _shape(word)])


def _shape(word: str) -> str:
    """Return what tells a label and a ``parameter=value`` from a name."""
    return next((mark for mark in "[=" if mark in word), "")


def _term(term: str) -> Test:
    if not set(term) & set("*?"):
        return lambda words: term in words
    pattern = re.compile(re.escape(term).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)
    return lambda words: any(pattern.fullmatch(word) for word in words)


class _Parser:
    """The parser descends recursively: ``or`` binds loosest, then ``and``, then ``not``."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [(match[0], match.start()) for match in _TOKEN.finditer(text)]
        self.next = 0
        self.terms: list[str] = []

    def peek(self) -> str:
        return self.tokens[self.next][0] if self.next < len(self.tokens) else ""

    def take(self, token: str) -> bool:
        found = self.peek() == token
        self.next += found
        return found

    def error(self, problem: str) -> UsageError:
        column = self.tokens[self.next][1] if self.peek() else len(self.text)
        found = f", found {self.peek()!r}" if self.peek() else ""
        return UsageError(f"selection {self.text!r}, column {column + 1}: {problem}{found}", _HINT)

    def disjunction(self) -> Test:
        tests = [self.conjunction()]
        while self.take("or"):
            tests.append(self.conjunction())
        return tests[0] if len(tests) == 1 else lambda words: any(test(words) for test in tests)

    def conjunction(self) -> Test:
        tests = [self.negation()]
        while self.take("and"):
            tests.append(self.negation())
        return tests[0] if len(tests) == 1 else lambda words: all(test(words) for test in tests)

    def negation(self) -> Test:
        if self.take("not"):
            test = self.negation()
            return lambda words: not test(words)
        return self.operand()

    def operand(self) -> Test:
        if self.take("("):
            test = self.disjunction()
            if not self.take(")"):
                raise self.error("expected ')'")
            return test
        term = self.peek()
        if not term or term in ("(", ")", *_KEYWORDS):
            raise self.error("expected a term")
        self.next += 1
        self.terms.append(term)
        return _term(term)
