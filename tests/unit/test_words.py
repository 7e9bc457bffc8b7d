"""Text from elsewhere as it is shown, and names that may become paths."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from snnbench.errors import UsageError, did_you_mean
from snnbench.words import LONGEST, check_name, plain

ESCAPES = {
    "colour": ("\x1b[31mred\x1b[0m", "red"),
    "erase and home": ("\x1b[2J\x1b[Hgone", "gone"),
    "title": ("\x1b]0;a title\x07text", "text"),
    "link": ("\x1b]8;;http://a.b\x1b\\text\x1b]8;;\x1b\\", "text"),
    "one-byte introducer": ("\x9b31mred", "red"),
    "carriage return": ("good\rbad", "good bad"),
    "lines": ("one\ntwo\n\n  three", "one two three"),
    "bell, backspace, delete": ("a\x07b\x08c\x7fd", "abcd"),
    "writing direction": ("a\u202eb\u2066c", "abc"),
    "line separators": ("a\u2028b\u2029c\x85d", "a b c d"),
    "half a surrogate pair": ("a\ud800b", "ab"),
    "unfinished escape": ("end\x1b[", "end"),
    "ordinary": ("β = 0.9, λ → 1 [no markup]", "β = 0.9, λ → 1 [no markup]"),
}


@pytest.mark.parametrize("text, expected", ESCAPES.values(), ids=ESCAPES)
def test_nothing_is_left_that_a_terminal_would_obey(text: str, expected: str) -> None:
    assert plain(text) == expected


@given(st.text(st.characters() | st.sampled_from("\x1b\x9b[]m;0\x07\r\n\u202e"), max_size=60))
def test_any_text_becomes_one_printable_line(text: str) -> None:
    shown = plain(text)
    assert shown == "" or shown.isprintable() or all(map(_is_visible, shown))
    assert len(shown.splitlines()) <= 1
    assert plain(shown) == shown
    assert Text.from_ansi(shown).plain == shown  # rich finds no escape in it


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] != "C" or unicodedata.category(character) in {"Co", "Cn"}


def test_a_long_text_keeps_its_beginning_and_says_so() -> None:
    shown = plain("x" * 300_000)
    assert shown == f"{'x' * LONGEST} … ({300_000 - LONGEST} more characters)"
    assert plain("\x1b[31m" * 100_000 + "x").endswith("more characters)")


@pytest.mark.parametrize("name", ["quick", "my-matrix_2", "v1.2", ".hidden", "größe", "a" * 100])
def test_names_that_may_become_paths(name: str) -> None:
    assert check_name(name, "the matrix") == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", "...", "a/b", "a\\b", "a b", "\x1b[31mred", "a\nb", "a" * 101]
)
def test_names_that_may_not(name: str) -> None:
    with pytest.raises(UsageError, match="the matrix cannot be called") as caught:
        check_name(name, "the matrix", "rename the file")
    assert "\x1b" not in str(caught.value)
    assert caught.value.hint.endswith("not dots alone: rename the file")


def test_a_hint_of_many_names_is_short() -> None:
    assert did_you_mean("qqqq", ["a", "b"]) == "known: a, b"
    assert did_you_mean("qqqq", map(str, range(170))).endswith(", … and 130 more")
    assert did_you_mean("lfi", ["lif", *map(str, range(170))]) == "did you mean lif?"
