"""A spec that passes the checks can be listed, shown and planned; one that could not is refused by name."""

import contextlib
import io
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snnbench.cli.listing import _component_row, _description, _print
from snnbench.cli.tables import TableFormat, show_table
from snnbench.matrix.plan import plan
from snnbench.matrix.spec import Matrix
from snnbench.plugin.checks import Fault, check_spec
from snnbench.plugin.host import Host, Provided
from snnbench.plugin.params import Param
from snnbench.plugin.spec import Spec
from snnbench.plugin.specs import DataFile, DatasetSpec, NeuronSpec, SurrogateSpec

ODD: list[Any] = [
    None, True, 0, -1, 3, 10**400, -(10**5000), 0.5, math.inf, -math.inf, math.nan, 1e308, "", "a", "\ud800",
    "\x00\x1b[31m", "a\nb\r", "sha256:0f", (), ("a",), ("\udfff",), (1, 0.5), (1.0,), ((1,), (2, 3)),
    ((1,), 2), ("a", ("b",)), [], {}, math, object(), b"x", 1j,
]  # fmt: skip
odd = st.sampled_from(ODD) | st.text(st.characters(codec=None), max_size=4) | st.floats() | st.integers()


def mostly(good: object) -> st.SearchStrategy[Any]:
    """A value that is well, two times in three."""
    return st.one_of(st.just(good), st.just(good), odd)


bounds = {"low": mostly(-1e300), "high": mostly(1e300), "unit": mostly("mV"), "doc": mostly("a 🙂")}
fields = st.fixed_dictionaries({"default": mostly((1, 2))}, optional={**bounds, "choices": mostly(())})
params = st.dictionaries(st.sampled_from(["a", "b"]), fields.map(lambda given: Param(**given)), max_size=2)
specs = st.fixed_dictionaries(
    {"params": params, "summary": mostly("a")},
    optional={"reference": mostly("b"), "equation": mostly("u = 1"), "states": mostly(("u",))},
)
files = st.fixed_dictionaries(
    {"path": mostly("a"), "checksum": mostly("md5:0f"), "urls": mostly(())},
    optional={"unpack": mostly("b")},
)


BUILTIN = Host.load()


class Only(Host):
    """A host with one neuron or dataset and what a cell needs beside."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(())
        others = [one for kind in ("dataset", "encoder", "network") for one in BUILTIN.all(kind)]
        self._provided = [
            *others,
            Provided(spec, "dist", "1", spec.name, "m", "1"),
        ]


@contextlib.contextmanager
def written() -> Iterator[None]:
    """Stdout is a file in UTF-8, which takes no half characters."""
    with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")):
        yield


def survives(spec: Spec) -> None:
    provided = Provided(spec, "dist", "1", spec.name, "m", "1")
    with written():
        for format in TableFormat:
            show_table("neurons", ["name", "summary", "parameters"], [_component_row(provided)], format)
        show_table("", (), [_description(provided)], TableFormat.JSON)
        _print(provided)


@given(specs)
def test_a_neuron_that_passes_the_checks_is_listed_shown_and_planned(given: dict[str, Any]) -> None:
    spec = NeuronSpec(**{"name": "odd", "version": "1", "factory": "a:b", "spike": "none"} | given)
    try:
        check_spec(spec, NeuronSpec)
    except (Fault, ValueError):  # what says a number of 5000 digits; a plugin's loading makes it a fault
        return
    survives(spec)
    board = Matrix(
        name="m", datasets=("yin_yang",), encoders=("direct",), networks=("dense",), neurons=("odd",)
    )
    assert len(plan(board, Only(spec)).cells) == 3


@given(st.lists(files, max_size=2), mostly(10**299), mostly(("a*",)))
def test_a_dataset_that_passes_the_checks_is_listed_and_shown(
    given: list[dict[str, Any]], samples: Any, contents: Any
) -> None:
    spec = DatasetSpec(
        name="odd",
        version="1",
        summary="",
        factory="a:b",
        files=tuple(DataFile(**one) for one in given),
        samples=samples,
        contents=contents,
    )
    try:
        check_spec(spec, DatasetSpec)
    except (Fault, ValueError):
        return
    survives(spec)
    assert all(not one.path.startswith("/") and ".." not in one.path.split("/") for one in spec.files)


@pytest.mark.parametrize(
    ("param", "says"),
    [
        (Param(0.5, low=-math.inf), "-inf is no bound"),
        (Param(0.5, high=10**400), "is no bound"),
        (Param(0.5, low="0"), "low='0' is not float or nonetype"),  # type: ignore[arg-type]
        (Param(0.5, low=2.0, high=1.0), "low=2.0 is above high=1.0"),
        (Param(math.inf), "inf is not finite"),
        (Param((math,)), "is not a number, text"),  # type: ignore[arg-type]
        (Param(((1,), 2)), "mixes types"),
        (Param("\ud800"), r"the default '\\ud800' is no text that can be written"),
        (Param(1, doc="\ud800"), r"doc='\\ud800' is no text"),
        (Param(1, unit=None), "unit=None is not str"),  # type: ignore[arg-type]
        (Param("a", choices=["a"]), "is not tuple"),  # type: ignore[arg-type]
    ],
)
def test_a_parameter_that_could_not_be_shown_is_refused(param: Param, says: str) -> None:
    spec = NeuronSpec(name="n", version="1", summary="", factory="a:b", params={"p": param})
    with pytest.raises(Fault, match=f"^neuron 'n', parameter 'p': .*{says}"):
        check_spec(spec, NeuronSpec)


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (DataFile("../a", "md5:0f", ()), "'../a' is no path below the data root"),
        (DataFile("/a", "md5:0f", ()), "'/a' is no path below"),
        (DataFile("a", "md5:0f", (), unpack="../b"), "'../b' is no path below"),
        (DataFile("a", "0f", ()), "checksum='0f' is neither"),
        (DataFile("a", "md5:0f", ["u"]), "urls=.* is not tuple"),  # type: ignore[arg-type]
        (DataFile(7, "md5:0f", ()), "path=7 is not str"),  # type: ignore[arg-type]
    ],
)
def test_a_file_that_could_not_be_fetched_is_refused(file: DataFile, says: str) -> None:
    spec = DatasetSpec(name="d", version="1", summary="", factory="a:b", files=(file,))
    with pytest.raises(Fault, match=says):
        check_spec(spec, DatasetSpec)


def test_the_surrogates_of_a_neuron_are_checked_too() -> None:
    bad = SurrogateSpec(name="s", version="1", summary="", factory="a:b", params={"p": Param(math.nan)})
    spec = NeuronSpec(name="n", version="1", summary="", factory="a:b", surrogates=(bad,))
    with pytest.raises(Fault, match="surrogate 's', parameter 'p'"):
        check_spec(spec, NeuronSpec)


@pytest.mark.parametrize("kind", ["neuron", "surrogate", "encoder", "dataset", "network"])
def test_all_that_is_built_in_can_be_shown(kind: str) -> None:
    for one in BUILTIN.all(kind):
        survives(one.spec)
