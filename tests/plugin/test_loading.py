from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from snnbench.plugin.checks import Fault, check_spec
from snnbench.plugin.host import Host
from snnbench.plugin.specs import MeasurementSpec, NeuronSpec
from snnbench.quantities import Flag, Quantity

Install = Callable[..., None]


def measurement(name: str, version: str, *quantities: Quantity) -> MeasurementSpec:
    gap = (Quantity("", "Gap", "Something."),)
    return MeasurementSpec(
        name=name, version=version, summary="", factory="a:b", quantities=quantities or gap
    )


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (("rate", "rate"), "two of its quantities are named 'rate'"),
        (("a rate",), "the quantity 'a rate' is not named by identifiers"),
    ],
)
def test_quantities_have_names_of_their_own(names: tuple[str, ...], problem: str) -> None:
    quantities = (Quantity(name, "Rate", "Something.") for name in names)
    with pytest.raises(Fault, match=problem):
        check_spec(measurement("gap", "1", *quantities), MeasurementSpec)


@pytest.mark.parametrize("text", ["hot, very", "hot; very", "hot[3]"])
def test_a_flag_is_told_apart_from_others_in_a_table(text: str) -> None:
    class Heat(Flag):
        HOT = text, "The chip throttled."

    with pytest.raises(Fault, match="has a comma, a semicolon or a bracket"):
        check_spec(replace(measurement("gap", "1"), flags=Heat), MeasurementSpec)


def reason(install: Install, code: str, **options: str) -> str:
    install("snn-a", code, **options)
    return next(one.reason for one in Host.load().plugins if one.name == "snn-a")


def hook(returned: str, name: str = "snnbench_neurons") -> str:
    return f"@hookimpl\ndef {name}():\n    return {returned}"


FAULTS = {
    "misspelt": (
        hook("[]", "snnbench_neuron"),
        "there is no hook 'snnbench_neuron': did you mean snnbench_neurons",
    ),
    "unmarked": (
        "def snnbench_neurons():\n    return []",
        "'snnbench_neurons' is not marked with @snnbench.hookimpl",
    ),
    "no hook": ("", "it implements no hook"),
    "wrong argument": ("@hookimpl\ndef snnbench_skip(cel):\n    pass", "{'cel'}"),
    "raises": (
        hook("1 / 0"),
        "snnbench_neurons failed: ZeroDivisionError: division by zero (probe_snn_a.py:",
    ),
    "generator": ("@hookimpl\ndef snnbench_neurons():\n    yield neuron()\n    1 / 0", "ZeroDivisionError"),
    "exits": (hook("exit('enough')"), "snnbench_neurons failed: SystemExit: enough"),
    "nothing": (hook("None"), "snnbench_neurons returned None in place of a list of NeuronSpec"),
    "one": (hook("neuron()"), "'NeuronSpec' object is not iterable"),
    "strings": (hook("['lif']"), "snnbench_neurons gave 'lif', which is not a NeuronSpec"),
    "wrong kind": (
        hook("[SurrogateSpec(name='s', version='1', summary='', factory='a:b')]"),
        "which is not a NeuronSpec",
    ),
    "wrapper": (
        "@hookimpl(wrapper=True)\ndef snnbench_neurons():\n    return (yield)",
        "'snnbench_neurons' is a hook wrapper",
    ),
    "twice": (hook("[neuron(), neuron()]"), "it provides two neurons named 'leaky'"),
}


@pytest.mark.parametrize("code,text", FAULTS.values(), ids=FAULTS)
def test_a_plugin_that_breaks_the_contract_is_broken_with_a_precise_reason(
    install: Install, code: str, text: str
) -> None:
    assert text in reason(install, code)


MALFORMED = {
    "name='a-b'": "neuron name 'a-b' is not",
    "name='1a'": "neuron name '1a' is not",
    "name=''": "neuron name '' is not",
    "name='ü'": "neuron name 'ü' is not",
    "name='lif\\n'": "is not letters",
    "name=7": "neuron name 7 is not",
    "version=''": "neuron 'leaky': its version is ''",
    "version=' '": "its version is ' '",
    "version=1": "its version is 1, not a text",
    "factory='a.b.C'": "factory 'a.b.C' is neither callable nor 'package.module:attribute'",
    "factory=None": "factory None is neither",
    "summary=None": "summary=None is not str",
    "spike='ternery'": "spike='ternery' is not one of 'binary', 'ternary'",
    "threshold='>>'": "threshold='>>' is not one of '>', '>='",
    "states='v'": "states='v' is not tuple",
    "states=(1,)": "states=(1,) is not tuple",
    "causal='no'": "causal='no' is not bool",
    "params=[]": "params=[] is not mapping",
    "params={'beta': 0.9}": "parameter 'beta': 0.9 is not a Param",
    "params={'a b': Param(1)}": "parameter 'a b': the name is not an identifier",
    "params={'beta': Param(1.5, low=0, high=1)}": "parameter 'beta': the default 1.5 is outside 0 … 1",
    "params={'beta': Param((2.0,), high=1)}": "the default 2.0 is outside",
    "params={'reset': Param('x', choices=('a',))}": "the default 'x' is not one of a",
    "params={'beta': Param(None)}": "the default None is not a number",
    "params={'beta': Param([1])}": "the default [1] is not a number",
}


@pytest.mark.parametrize("arguments,text", MALFORMED.items())
def test_a_malformed_spec_makes_its_plugin_broken(install: Install, arguments: str, text: str) -> None:
    assert text in reason(install, hook(f"[neuron(**dict({arguments}))]"))


@pytest.mark.parametrize(
    "spec,text",
    [
        ("DatasetSpec(name='d', version='1', summary='', factory='a:b', data='video')", "data='video'"),
        (
            "EncoderSpec(name='d', version='1', summary='', factory='a:b', accepts=frozenset({'x'}))",
            "accepts=",
        ),
    ],
)
def test_claims_of_other_kinds_are_checked_too(install: Install, spec: str, text: str) -> None:
    name = "snnbench_datasets" if "Dataset" in spec else "snnbench_encoders"
    assert text in reason(install, hook(f"[{spec}]", name))


@pytest.mark.parametrize("name", ["rank", "seeds", "contest", "marks", "ranked_by", "neuron", "seconds"])
def test_no_measurement_has_the_name_of_a_column(name: str) -> None:
    """One called rank overwrote the rank of every row."""
    with pytest.raises(Fault, match=f"measurement '{name}': a column of the tables has that name"):
        check_spec(measurement(name, "1"), MeasurementSpec)


def test_metadata_without_a_version_makes_a_plugin_broken(install: Install, site: Path) -> None:
    install("snn-a", hook("[neuron()]"))
    (site / "snn_a-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: snn-a\n")
    assert "no name or no version" in next(one.reason for one in Host.load().plugins if one.name == "snn-a")


def test_an_entry_point_that_is_no_reference_makes_a_plugin_broken(install: Install) -> None:
    assert "'two words' is not 'module'" in reason(install, "", value="two words")


def test_a_hook_of_a_later_version_may_be_marked_optional(install: Install) -> None:
    code = hook("[neuron()]") + "\n@hookimpl(optionalhook=True)\ndef snnbench_future():\n    pass"
    assert reason(install, code) == ""


def test_what_a_plugin_prints_does_not_mix_with_results(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("snn-a", "print('hello from a plugin')")
    Host.load()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "hello from a plugin" in captured.err


@pytest.mark.parametrize("name", ["throughput", "memory", "stability", "reference", "floor", "accuracy"])
def test_a_measurement_does_not_take_the_name_of_a_standard_one(name: str) -> None:
    """Its key would stand for theirs, and hide that their settings have changed."""
    with pytest.raises(Fault, match=f"measurement '{name}': a standard measurement has that name"):
        check_spec(measurement(name, "1"), MeasurementSpec)


def test_a_spec_that_replaces_a_checked_one_is_checked() -> None:
    good = measurement("gap", "1")
    for _ in range(2):
        check_spec(good, MeasurementSpec)
    with pytest.raises(Fault, match="its version is"):
        check_spec(measurement("gap", ""), MeasurementSpec)
    with pytest.raises(Fault, match="not a NeuronSpec"):
        check_spec(good, NeuronSpec)
