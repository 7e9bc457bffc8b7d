import ast
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from snnbench.errors import UsageError
from snnbench.matrix.grammar import Request, parse

NUMBERS = st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.booleans() | NUMBERS | st.text(max_size=8) | st.sampled_from(["zero", "None", "true", "lambda"])
VALUES = st.recursive(SCALARS, lambda items: st.lists(items, max_size=3).map(tuple), max_leaves=6)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
PARAMETERS = st.text(string.ascii_lowercase, min_size=1, max_size=4).map(lambda name: f"p_{name}")
REFERENCES = st.builds(
    lambda dist, name: f"{dist}{name}", st.sampled_from(["", "snnbench-norse:", "a.b_c-1:"]), NAMES
)
ARGUMENTS = st.lists(st.tuples(PARAMETERS, VALUES), unique_by=lambda pair: pair[0], max_size=3).map(tuple)


@given(st.builds(Request, REFERENCES, ARGUMENTS))
@example(Request("lif", (("a", -0.0), ("b", "true"), ("c", True), ("d", ((),)))))
def test_what_is_written_reads_back_as_itself(request: Request) -> None:
    again = parse(str(request))
    assert repr(again) == repr(request)  # repr, as 1 == 1.0 == True
    assert str(again) == str(request)


@given(NUMBERS)
def test_numbers_read_as_python_reads_them(number: float) -> None:
    assert repr(parse(f"a(b={number!r})").arguments) == repr((("b", ast.literal_eval(repr(number))),))


@pytest.mark.parametrize(
    ("text", "reference", "arguments"),
    [
        ("lif", "lif", {}),
        ("lif()", "lif", {}),
        (" lif ( beta = 0.95 , reset = zero, ) ", "lif", {"beta": 0.95, "reset": "zero"}),
        ("snnbench-norse:lif(beta=[0.9,0.95])", "snnbench-norse:lif", {"beta": (0.9, 0.95)}),
        ("a(b=1e-3, c=-1, d=true, e=false)", "a", {"b": 1e-3, "c": -1, "d": True, "e": False}),
        ("""a(b='two words', c="x")""", "a", {"b": "two words", "c": "x"}),
        ("dense(hidden=[[128],[64,64]])", "dense", {"hidden": ((128,), (64, 64))}),
    ],
)
def test_reads(text: str, reference: str, arguments: dict[str, object]) -> None:
    request = parse(text)
    assert (request.reference, dict(request.arguments)) == (reference, arguments)
    assert [type(value) for _, value in request.arguments] == [type(value) for value in arguments.values()]


def test_keeps_the_order_written() -> None:
    assert [name for name, _ in parse("a(z=1, b=2, m=3)").arguments] == ["z", "b", "m"]


@pytest.mark.parametrize(
    ("text", "column", "problem"),
    [
        ("", 1, "name of a component"),
        (":lif", 1, "name of a component"),
        ("fast-sigmoid", 5, "'(' or the end"),
        ("lif[beta=0.9]", 4, "'(' or the end"),
        ("lif\nbeta", 5, "'(' or the end"),
        ("lif(beta=1)\n(x=2)", 4, "one line"),
        ("lif(beta=0.9", 4, "never closed"),
        ("lif(beta=)", 10, "invalid syntax"),
        ("lif(a=1)(b=2)", 4, "one list of arguments"),
        ("lif(a=1)+g(b=2)", 4, "one list of arguments"),
        ("lif(0.9)", 5, "PARAMETER=VALUE"),
        ("lif(**x)", 5, "PARAMETER=VALUE"),
        ("lif(a=1, a=2)", 10, "a is given twice"),
        ("lif(a=None)", 7, "expected a number"),
        ("lif(a=x.y)", 7, "expected a number"),
        ("lif(a=f(1))", 7, "expected a number"),
        ("lif(a=1+1)", 7, "expected a number"),
        ("lif(a=-true)", 7, "expected a number"),
        ("lif(a=-True)", 7, "expected a number"),
        ("lif(a=--1)", 7, "expected a number"),
        ("lif(a=[1,1j])", 10, "expected a number"),
        ("lif(é='é', b=f(1))", 14, "expected a number"),
        ("lif(a=1e999)", 7, "finite"),
        ("lif(a=9223372036854775808)", 7, "64 bits"),
        (r"lif(a='\d')", 7, "escape"),
    ],
)
def test_an_error_points_at_the_piece(text: str, column: int, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert f"component {text!r}, column {column}: " in caught.value.message
    assert problem in caught.value.message
    assert "NAME(PARAMETER=VALUE" in caught.value.hint
    assert "\n" not in caught.value.message


@given(
    st.text(max_size=30) | st.text("lif(beta=09.,[]'\\\"-e)\n\x00", max_size=30).map(lambda end: f"lif({end}")
)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        request = parse(text)
    except UsageError:
        return
    assert parse(str(request)) == request


@pytest.mark.parametrize(
    "text", ["a(b=" + "[" * 5000, "a(b=" + "9" * 5000 + ")", "a(b=" + "-" * 20000 + "1)"]
)
def test_a_monstrous_text_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)


def test_nothing_is_ever_evaluated() -> None:
    with pytest.raises(UsageError):
        parse("lif(beta=__import__('os').abort())")
