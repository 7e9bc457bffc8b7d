import re
from contextlib import suppress
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snnbench.errors import UsageError
from snnbench.matrix.select import cell_words, parse, suggest
from snnbench.records import Cell, Component
from snnbench.settings import Budget

CELL = Cell(
    dataset=Component("digits"),
    encoder=Component("rate", (("gain", 0.5),)),
    network=Component("dense", (("hidden", (64, 64)),)),
    neuron=Component("rlif", (("beta", 0.9), ("reset", "zero"))),
    surrogate=Component("snnbench-norse:superspike"),
    budget=Budget(),
    seed=3,
)


@pytest.mark.parametrize(
    ("text", "true"),
    [
        ("rlif", True),
        ("lif", False),
        ("rlif[beta=0.9,reset=zero]", True),
        ("rlif[beta=0.9]", False),
        ("beta=0.9", True),
        ("beta=0.95", False),
        ("reset=zero", True),
        ("hidden=[64,64]", True),
        ("s3", True),
        ("s", False),
        ("*lif", True),
        ("?lif", True),
        ("lif*", False),
        ("rlif[*", True),
        ("beta=0.?", True),
        ("superspike", False),
        ("*:superspike", True),
        ("RLIF", False),
        ("digits and not latency", True),
        ("digits and latency or s3", True),
        ("digits and (latency or s2)", False),
        ("not not digits", True),
        ("not latency and digits", True),
        ("(digits)and(rlif)", True),
    ],
)
def test_a_selection_is_true_of_a_cell(text: str, true: bool) -> None:
    assert parse(text).matches(cell_words(CELL)) is true


def test_a_cell_without_surrogate_has_no_word_for_it() -> None:
    bare = Cell(CELL.dataset, CELL.encoder, CELL.network, Component("relu"), None, Budget(), 0)
    assert cell_words(bare) == {
        "digits",
        "rate",
        "rate[gain=0.5]",
        "gain=0.5",
        "dense",
        "dense[hidden=[64,64]]",
        "hidden=[64,64]",
        "relu",
        "s0",
    }


WORDS = {"t": True, "f": False}
SPACE = st.sampled_from([" ", "  ", "\t"])
EXPRESSIONS = st.recursive(
    st.sampled_from(sorted(WORDS)),
    lambda inner: (
        st.builds("not{}{}".format, SPACE, inner)
        | st.builds("({})".format, inner)
        | st.builds("{}{}and {}".format, inner, SPACE, inner)
        | st.builds("{} or{}{}".format, inner, SPACE, inner)
    ),
    max_leaves=12,
)


@given(EXPRESSIONS)
def test_operators_bind_as_in_python(text: str) -> None:
    assert parse(text).matches({"t"}) is eval(text, {}, WORDS)
    assert parse(text).terms == tuple(re.findall(r"\b[tf]\b", text))


@given(st.text("ab*?.=", min_size=1, max_size=6), st.text("ab.=\n", max_size=6))
def test_stars_and_question_marks_match_as_in_fnmatch(pattern: str, word: str) -> None:
    assert parse(pattern).matches({word}) is fnmatchcase(word, pattern)


@pytest.mark.parametrize(
    ("text", "column", "found"),
    [
        ("", 1, ""),
        ("  ", 3, ""),
        ("lif and", 8, ""),
        ("lif and or relu", 9, "found 'or'"),
        ("lif relu", 5, "found 'relu'"),
        ("(lif", 5, "expected ')'"),
        ("lif)", 4, "found ')'"),
        ("()", 2, "found ')'"),
        ("lif(beta=0.9)", 4, "found '('"),
        ("not", 4, ""),
    ],
)
def test_a_syntax_error_points_at_the_column(text: str, column: int, found: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert f"selection {text!r}, column {column}: expected" in caught.value.message
    assert found in caught.value.message
    assert "lif[beta=0.9]" in caught.value.hint


@given(st.text("ab ()*?", max_size=20) | st.text(max_size=10))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(UsageError):
        parse(text).matches({"a"})


@pytest.mark.parametrize("text", ["(" * 5000, "not " * 5000 + "a"])
def test_a_monstrous_text_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)


def test_unknown_terms_are_those_that_match_no_word() -> None:
    assert parse("a and (not b or c*) and ?").unknown({"a", "cc"}) == ["b"]


def test_a_suggestion_is_like_the_term() -> None:
    words = {"lif", "lif[beta=0.9]", "beta=0.9", "s0"}
    assert suggest("lfi", words) == "did you mean lif?"
    assert suggest("lif[beta=0.8]", words) == "did you mean lif[beta=0.9]?"
    assert suggest("beta=.9", words) == "did you mean beta=0.9?"
    assert suggest("xyz", words) == "known: lif, s0"
