import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from snnbench.cli import app, commands, listing  # noqa: F401  commands registers them all
from snnbench.components import neurons
from snnbench.errors import NothingSelectedError, PluginError, UsageError
from snnbench.plugin.claims import FromParam
from snnbench.plugin.specs import NeuronSpec

pytestmark = pytest.mark.usefixtures("without_installed_packages")

MODULE = """
from snnbench import DatasetSpec, NeuronSpec, Param, SurrogateSpec, hookimpl
COMMON = dict(version="3", summary="[bold]markup[/bold] of [T, B]", factory="a.b:C")

@hookimpl
def snnbench_neurons():
    beta = Param(0.9, low=0, high=1, unit="1/step", doc="leak")
    return [
        NeuronSpec(name="both", equation="v' = βv", params={"beta": beta}, threshold=">=", **COMMON),
        NeuronSpec(name="lif", **COMMON),
    ]

@hookimpl
def snnbench_surrogates():
    return [SurrogateSpec(name="both", **COMMON)]

@hookimpl
def snnbench_datasets():
    return [DatasetSpec(name="points", **COMMON)]
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "listed_plugin.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "listed_plugin", raising=False)
    return "listed_plugin"


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def snnbench(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from snnbench.cli import main; main()", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, env=os.environ | environment, check=False, encoding="utf-8"
    )


def test_list_has_every_built_in_with_its_defaults() -> None:
    rows = {row["name"]: row for row in json.loads(run("list", "neurons", "--format", "json"))}
    assert set(rows) >= {spec.name for spec in neurons.SPECS}
    assert rows["lif"]["parameters"]["beta"] == 0.95
    assert (rows["lif"]["provider"], rows["lif"]["kind"]) == ("snnbench", "neuron")


def test_list_without_a_kind_has_all_kinds_and_one_line_a_component_when_piped() -> None:
    lines = run("list").splitlines()
    assert {"neurons", "surrogates", "encoders", "datasets", "networks"} <= {line.strip() for line in lines}
    rows = [line for line in lines if "snnbench" in line]
    components = json.loads(run("list", "--format", "json"))
    assert len(rows) == len(components)


def test_a_glob_chooses_among_one_kind_or_all(module: str) -> None:
    assert [row["name"] for row in json.loads(run("list", "neurons", "l?f", "--format", "json"))] == ["lif"]
    rows = json.loads(run("list", "b*h", "-p", module, "--format", "json"))
    assert [(row["kind"], row["name"]) for row in rows] == [("neuron", "both"), ("surrogate", "both")]


def test_a_name_that_a_built_in_has_is_listed_qualified(module: str) -> None:
    rows = json.loads(run("list", "neurons", "lif", "-p", module, "--format", "json"))
    assert [row["name"] for row in rows][1:] == ["listed_plugin:lif"]
    assert rows[1]["provider_version"].startswith("dev+")


def test_brackets_are_not_taken_for_markup(module: str) -> None:
    assert "[bold]markup[/bold] of [T, B]" in run("list", "neurons", "-p", module)
    assert "[bold]markup[/bold] of [T, B]" in run("show", "both", "-p", module)


def test_matrices_are_the_toml_files_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tiny.toml").write_text('summary = "a tiny one"\n[axes]\n')
    (tmp_path / "__init__.py").write_text("")
    monkeypatch.setattr(listing, "files", lambda package: tmp_path)
    rows = json.loads(run("list", "matrices", "--format", "json"))
    assert [(row["name"], row["summary"]) for row in rows] == [("tiny", "a tiny one")]


def test_wrong_kinds_and_globs_that_match_nothing() -> None:
    with pytest.raises(UsageError) as wrong:
        run("list", "neuron")
    assert wrong.value.hint == "did you mean neurons?"
    with pytest.raises(NothingSelectedError) as nothing:
        run("list", "surrogates", "atann")
    assert nothing.value.hint == "did you mean atan?"


def test_show_tells_what_a_neuron_is() -> None:
    text = run("show", "lif")
    spec = next(spec for spec in neurons.SPECS if spec.name == "lif")
    shown = [line.removeprefix("  equation").strip() for line in text.splitlines()]
    assert set(spec.equation.split("\n")) <= set(shown), "each case is whole, on a line of its own"
    assert spec.reference in text
    for name, param in spec.params.items():
        line = next(line for line in text.splitlines() if line.startswith(f"{name} "))
        assert param.doc in line
        assert param.range in line
    facts = {" ".join(line.split()) for line in text.splitlines()}
    assert {
        "spike binary (parameter graded_spikes_factor)",
        "threshold spikes where membrane > threshold",
        "causal yes",
    } <= facts


@pytest.mark.parametrize("spec", neurons.SPECS, ids=lambda spec: spec.name)
def test_an_equation_says_every_reset_and_both_delays(spec: NeuronSpec) -> None:
    if isinstance(spec.reset, FromParam):
        assert all(f"{reset}: " in spec.equation for reset in spec.params[spec.reset.name].choices)
    assert ("reset_delay=false: " in spec.equation) is isinstance(spec.reset_delay, FromParam)


def test_show_has_each_kind_of_a_name_and_the_claims(module: str) -> None:
    found = json.loads(run("show", "both", "-p", module, "--format", "json"))
    assert [one["kind"] for one in found] == ["neuron", "surrogate"]
    assert (found[0]["threshold"], found[0]["version"], found[0]["provider"]) == (">=", "3", module)
    assert found[0]["parameters"]["beta"]["unit"] == "1/step"
    assert "membrane >= threshold" in run("show", "both", "-p", module)


def test_what_a_dataset_does_not_say_is_null_and_never_zero(module: str) -> None:
    (found,) = json.loads(run("show", "points", "-p", module, "--format", "json"))
    assert found["checksum"] is None
    assert found["samples"] is None
    assert found["files"] is None


MEASUREMENT = """
import snnbench

class Heat(snnbench.Flag):
    HOT = "hot", "The chip throttled."

@snnbench.hookimpl
def snnbench_measurements():
    step = snnbench.Quantity("step", "Energy", "Energy of one step.", "J", better=snnbench.Better.LOWER)
    said = dict(version="1", summary="energy", factory="a:b", phase=snnbench.Phase.ALONE)
    return [snnbench.MeasurementSpec(name="energy", quantities=(step,), flags=Heat, **said)]
"""


def test_show_explains_the_quantities_and_flags_of_a_measurement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shown_measurement.py").write_text(MEASUREMENT)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    (told,) = json.loads(run("show", "energy", "-p", "shown_measurement", "--format", "json"))
    (quantity,) = told["quantities"]
    assert (quantity["unit"], quantity["better"], told["phase"]) == ("J", "lower", "alone")
    assert told["flags"] == {"hot": "The chip throttled."}
    text = run("show", "energy", "-p", "shown_measurement")
    for said in ("energy.step", "Energy of one step.", "The chip throttled."):
        assert said in text


def test_show_takes_qualified_names_and_suggests_known_ones(module: str) -> None:
    assert "listed_plugin dev" in run("show", "listed_plugin:lif", "-p", module)
    assert "snnbench" in run("show", "snnbench:lif", "-p", module)
    with pytest.raises(UsageError) as unknown:
        run("show", "fast_sigmoit")
    assert not isinstance(unknown.value, PluginError)
    assert "fast_sigmoid" in unknown.value.hint


def test_show_with_parameters_asks_for_the_bare_name() -> None:
    with pytest.raises(UsageError, match=r"bare name of a component, got 'lif\(beta=0.5\)'") as parameters:
        run("show", "lif(beta=0.5)")
    assert parameters.value.hint == "write: show lif"


def test_show_of_a_name_with_two_owners_says_how_to_choose(module: str) -> None:
    Path("rival_plugin.py").write_text(MODULE)
    with pytest.raises(PluginError) as conflict:
        run("show", "both", "-p", module, "-p", "rival_plugin")
    assert conflict.value.hint == "write listed_plugin:both or rival_plugin:both"


def test_an_error_is_two_lines_on_stderr_and_exit_code_2() -> None:
    done = snnbench("show", "liff")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: there is no component 'liff'\nhint: did you mean lif or rlif or plif?\n"


def test_a_terminal_without_greek_letters_is_no_error() -> None:
    done = snnbench("show", "lif", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert snnbench("show", "lif", "--format", "json", PYTHONIOENCODING="ascii").stdout.count("\\u03b2")


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["show", "lif"], ["plugins"]], ids=" ".join)
def test_looking_around_imports_neither_torch_nor_pandas(arguments: list[str]) -> None:
    code = """
import sys
from snnbench.cli import main
try:
    main()
finally:
    sys.stderr.write(" ".join({"torch", "pandas", "numpy"} & set(sys.modules)))
"""
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
