import os
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from snnbench.errors import PluginError, UsageError
from snnbench.plugin import calls
from snnbench.plugin.host import Host, Plugin
from snnbench.records import Cell, CellResult, Component, Status
from snnbench.settings import Budget

Install = Callable[..., None]

LEAKY = """
@hookimpl
def snnbench_neurons():
    return [neuron()]
"""
LIF = LEAKY.replace("neuron()", "neuron('lif')")
DEAD = "raise RuntimeError('dead on arrival')"
CELL = Cell(
    Component("digits"),
    Component("rate"),
    Component("dense"),
    Component("lif"),
    Component("atan"),
    Budget(),
    0,
)


def plugin(host: Host, name: str) -> Plugin:
    return next(one for one in host.plugins if one.name == name)


def test_built_in_components_come_from_the_suite_itself() -> None:
    lif = Host.load().find("neuron", "lif")
    assert (lif.distribution, lif.reference) == ("snnbench", "lif")
    assert Host.load().find("neuron", "snnbench:lif") == lif


def test_a_plugin_is_found_with_its_distribution_and_version(install: Install) -> None:
    install("snn-a", LEAKY, version="2.5", entry="short")
    host = Host.load()
    found = host.find("neuron", "leaky")
    assert (found.distribution, found.version, found.reference) == ("snn-a", "2.5", "leaky")
    assert host.find("neuron", "snn-a:leaky") == host.find("neuron", "SNN_A:leaky") == found
    assert plugin(host, "short").components == (found,)
    assert host.warnings == ()


def test_an_instance_can_be_a_plugin(install: Install) -> None:
    code = """
    class Plugin:
        @hookimpl
        def snnbench_neurons(self):
            return (neuron(name) for name in ("one", "two"))
    plugin = Plugin()
    """
    install("snn-a", code, value="probe_snn_a:plugin")
    provided = Host.load().all("neuron")
    assert [one.spec.name for one in provided if one.distribution == "snn-a"] == ["one", "two"]


def test_broken_plugins_stop_nobody(install: Install) -> None:
    install("a-dead", DEAD)
    install("b-exits", "raise SystemExit(7)")
    install("c-good", LEAKY)
    install("d-missing", "", value="probe_no_such_module")
    host = Host.load()
    assert host.find("neuron", "leaky").distribution == "c-good"
    assert plugin(host, "a-dead").reason.startswith(
        "import failed: RuntimeError: dead on arrival (probe_a_dead.py:"
    )
    assert plugin(host, "b-exits").reason.startswith("import failed: SystemExit: 7")
    assert plugin(host, "d-missing").reason.endswith("No module named 'probe_no_such_module'")
    assert [line.split(" (")[0] for line in host.warnings] == [
        "plugin 'a-dead'",
        "plugin 'b-exits'",
        "plugin 'd-missing'",
    ]


def test_an_interrupt_is_not_taken_for_a_broken_plugin(install: Install) -> None:
    install("snn-a", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        Host.load()


def test_strict_makes_any_broken_plugin_an_error(install: Install) -> None:
    install("snn-a", DEAD)
    with pytest.raises(PluginError, match=r"'snn-a'.*dead on arrival") as caught:
        Host.load(strict=True)
    assert "no:snn-a" in caught.value.hint


def test_two_owners_of_a_name_are_an_error_that_names_both(install: Install) -> None:
    install("snn-a", LEAKY)
    install("snn-b", LEAKY, version="3")
    host = Host.load()
    with pytest.raises(PluginError, match=r"snn-a 1\.0 and snn-b 3") as caught:
        host.find("neuron", "leaky")
    assert caught.value.hint == "write snn-a:leaky or snn-b:leaky"
    assert host.find("neuron", "snn-b:leaky").version == "3"
    found = [one.reference for one in host.all("neuron") if one.spec.name == "leaky"]
    assert [name for name in found if name.startswith("snn-")] == ["snn-a:leaky", "snn-b:leaky"]


def test_one_spec_object_handed_over_by_two_distributions_is_still_a_conflict(install: Install) -> None:
    install("snn-a", LEAKY)
    install("snn-b", "from probe_snn_a import snnbench_neurons")
    with pytest.raises(PluginError) as caught:
        Host.load().find("neuron", "leaky")
    assert caught.value.hint == "write snn-a:leaky or snn-b:leaky"


def test_a_plugin_never_overrides_a_built_in(install: Install) -> None:
    install("snn-a", LIF)
    host = Host.load()
    assert host.find("neuron", "lif").distribution == "snnbench"
    assert host.find("neuron", "snn-a:lif").reference == "snn-a:lif"


def test_two_entry_points_of_one_name_both_load(install: Install) -> None:
    install("snn-a", LEAKY, entry="same")
    install("snn-b", LIF, entry="same")
    host = Host.load()
    assert host.find("neuron", "leaky").distribution == "snn-a"
    assert host.find("neuron", "snn-b:lif").distribution == "snn-b"


def test_one_distribution_may_not_provide_a_name_twice(install: Install) -> None:
    install("snn-a", LEAKY, entry="one", module="probe_one")
    install("snn-a", LEAKY, entry="two", module="probe_two")
    host = Host.load()
    assert plugin(host, "two").reason == "neuron 'leaky' is already provided by plugin 'one' (snn-a 1.0)"
    assert host.find("neuron", "leaky").distribution == "snn-a"


def test_unknown_names_say_what_was_meant(install: Install) -> None:
    install("snn-a", LEAKY)
    host = Host.load()
    with pytest.raises(UsageError, match="unknown neuron 'leeky'") as caught:
        host.find("neuron", "leeky")
    assert caught.value.hint == "did you mean leaky?"
    with pytest.raises(UsageError) as caught:
        host.find("neuron", "snn-a:leeky")
    assert caught.value.hint == "did you mean snn-a:leaky?"
    with pytest.raises(UsageError, match="needs the package 'snn-b', which is not installed") as caught:
        host.find("neuron", "snn-b:leaky")
    assert caught.value.hint == "install it: pip install snn-b"
    with pytest.raises(UsageError) as caught:
        host.find("neuron", "snnbenc:lif")
    assert caught.value.hint == "did you mean snnbench:lif?"
    with pytest.raises(UsageError, match="no kind of component 'neurons'"):
        host.find("neurons", "lif")
    with pytest.raises(UsageError):
        host.find("surrogate", "lif")


ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("folder", sorted(one.name for one in (ROOT / "plugins").glob("snnbench-*")))
def test_a_package_of_the_repository_is_installed_from_its_folder(folder: str) -> None:
    with pytest.raises(UsageError) as caught:
        Host.load().find("neuron", f"{folder}:lif")
    assert caught.value.hint == f"install it: pip install plugins/{folder}"
    assert (ROOT / "plugins" / folder / "pyproject.toml").is_file()


def test_needing_a_broken_plugin_is_an_error_with_its_reason(install: Install) -> None:
    install("snn-a", "@hookimpl\ndef snnbench_neurons():\n    return [neuron(), neuron('bad', version='')]")
    host = Host.load()
    for reference in ("snn-a:leaky", "snn-a:anything", "leaky"):
        with pytest.raises(PluginError, match=r"snn-a 1\.0.*'bad': its version"):
            host.find("neuron", reference)
    with pytest.raises(UsageError) as caught:
        host.find("neuron", "unheard_of")
    assert not isinstance(caught.value, PluginError)
    assert "broken plugin (snn-a)" in caught.value.hint
    assert plugin(host, "snn-a").components == ()


@pytest.mark.parametrize("name", ["entry-name", "snn-a", "SNN_A"])
def test_no_leaves_out_by_entry_point_or_distribution(install: Install, name: str) -> None:
    install("snn-a", DEAD, entry="entry-name")
    host = Host.load([f"no:{name}"])
    found = plugin(host, "entry-name")
    assert (found.status, found.reason) == ("blocked", f"left out by -p no:{name}")
    assert host.warnings == ()
    with pytest.raises(UsageError, match="left out by -p"):
        host.find("neuron", "snn-a:leaky")


def test_leaving_out_something_unknown_or_built_in_is_an_error(install: Install) -> None:
    install("snn-a", LEAKY)
    with pytest.raises(UsageError, match="no:snn_aa") as caught:
        Host.load(["no:snn_aa"])
    assert caught.value.hint == "did you mean snn-a?"
    for name in ("builtin", "snnbench"):
        with pytest.raises(UsageError, match="cannot be left out"):
            Host.load([f"no:{name}"])


def test_a_module_under_development_is_loaded_from_here(
    site: Path, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("snn-a", LEAKY, module="probe_dev")
    here = site / "here"
    here.mkdir()
    (here / "probe_dev.py").write_text((site / "probe_dev.py").read_text().replace("leaky", "fresh"))
    monkeypatch.chdir(here)
    found = Host.load(["probe_dev"]).find("neuron", "fresh")
    assert found.distribution == "probe_dev"
    assert found.version.startswith("dev+")


def test_an_edited_module_under_development_has_another_version(
    site: Path, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("snn-a", LEAKY, module="probe_edited")
    file = site / "probe_edited.py"
    monkeypatch.chdir(site)
    versions = []
    for edit in ("", "edited = True\n", ""):
        original = file.read_text()
        file.write_text(original + edit)
        versions.append(Host.load(["probe_edited"]).find("neuron", "leaky").version)
        file.write_text(original)
    assert versions[0] == versions[2] != versions[1]


def test_an_edit_where_only_a_factory_lives_is_another_version_too(
    site: Path, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("snn-a", LEAKY.replace("neuron()", "neuron(factory='probe_apart:make')"), module="probe_parts")
    monkeypatch.chdir(site)
    versions = []
    for code in ("make = dict", "make = list"):
        (site / "probe_apart.py").write_text(code)
        versions.append(Host.load(["probe_parts"]).find("neuron", "leaky").version)
    assert versions[0] != versions[1]


def test_a_distribution_that_may_be_edited_in_place_has_its_source_in_the_version(
    site: Path, install: Install
) -> None:
    install("snn-a", LEAKY, module="probe_edited_in_place")
    assert Host.load().find("neuron", "leaky").version == "1.0"
    origin = site / "snn_a-1.0.dist-info" / "direct_url.json"
    origin.write_text('{"url": "file:///somewhere", "dir_info": {"editable": true}}')
    assert Host.load().find("neuron", "leaky").version.startswith("1.0+")
    origin.write_text('{"url": "file:///somewhere", "dir_info": {}}')
    assert Host.load().find("neuron", "leaky").version == "1.0"


def test_a_module_under_development_replaces_its_installed_entry_point(
    site: Path, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(site)
    install("snn-a", "__version__ = '9'\n" + LEAKY.lstrip())
    host = Host.load(["probe_snn_a"])
    assert plugin(host, "snn-a").reason == "replaced by -p probe_snn_a"
    found = host.find("neuron", "leaky")
    assert found.distribution == "probe_snn_a"
    assert found.version.startswith("9+")


@pytest.mark.parametrize("option", ["probe_nowhere", "not a module", "", "probe_dead"])
def test_a_module_that_was_asked_for_must_load(
    site: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    monkeypatch.chdir(site)
    (site / "probe_dead.py").write_text(DEAD)
    with pytest.raises(PluginError) as caught:
        Host.load([option])
    assert "-p takes" in caught.value.hint


def test_skip_takes_the_first_reason_and_names_who_gave_it(install: Install) -> None:
    install("snn-a", "@hookimpl\ndef snnbench_skip(cell):\n    return 'too slow' if cell.seed else None")
    install("snn-b", "@hookimpl\ndef snnbench_skip():\n    return None")
    host = Host.load()
    assert host.skip_reason(CELL) is None
    assert host.skip_reason(replace(CELL, seed=1)) == "too slow (says plugin 'snn-a' (snn-a 1.0))"


@pytest.mark.parametrize(
    ("body", "text"), [("1 / 0", "ZeroDivisionError"), ("False", "returned False"), ("''", "''")]
)
def test_a_skip_that_cannot_decide_skips_its_own_cells_only(install: Install, body: str, text: str) -> None:
    install("snn-a", f"{LEAKY}\n@hookimpl\ndef snnbench_skip(cell):\n    return {body}")
    host = Host.load()
    assert host.skip_reason(CELL) is None
    reason = host.skip_reason(replace(CELL, neuron=Component("leaky")))
    assert reason is not None
    assert reason.startswith("plugin 'snn-a'")
    assert text in reason
    (complaint,) = host.complaints
    assert complaint == reason


HANGS = "    while True:\n        pass"


def test_a_skip_that_hangs_is_asked_once_and_named(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "HOOK_SECONDS", 0.2)
    install(
        "snn-a", f"{LEAKY}\nasked = []\n@hookimpl\ndef snnbench_skip(cell):\n    asked.append(cell)\n{HANGS}"
    )
    install("snn-b", "@hookimpl\ndef snnbench_skip(cell):\n    return 'b says no' if cell.seed else None")
    host = Host.load()
    assert [host.skip_reason(replace(CELL, seed=seed)) for seed in (0, 0)] == [None, None]
    assert (host.skip_reason(replace(CELL, seed=1)) or "").startswith("b says no")
    says = "plugin 'snn-a' (snn-a 1.0): snnbench_skip did not end within 0.2 s (probe_snn_a.py:"
    assert [line[: len(says)] for line in host.complaints] == [says]
    assert (host.skip_reason(replace(CELL, neuron=Component("leaky"))) or "").startswith(says)
    assert len(sys.modules["probe_snn_a"].asked) == 1


def test_a_hook_that_hangs_does_not_run_on(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "HOOK_SECONDS", 0.2)
    install("snn-a", f"@hookimpl\ndef snnbench_cell_finished(result):\n{HANGS}")
    before = set(threading.enumerate())
    Host.load().cell_finished(CellResult(CELL, Status.DONE))
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=20)
        assert not thread.is_alive()


def test_an_observer_that_hangs_is_named_and_told_nothing_more(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "HOOK_SECONDS", 0.2)
    install("snn-a", f"@hookimpl\ndef snnbench_cell_finished(result):\n{HANGS}")
    host, result = Host.load(), CellResult(CELL, Status.DONE)
    (message,) = host.cell_finished(result)
    assert "snnbench_cell_finished did not end within 0.2 s (probe_snn_a.py:" in message
    assert host.cell_finished(result) == []


SPOILERS = {
    "closes stdout": "import sys\n    sys.stdout.close()\n    sys.stderr.close()",
    "closes it below Python": "import os\n    os.close(1)\n    os.close(2)",
    "replaces it": "import sys\n    sys.stdout = sys.stderr = None",
    "prints below Python": "import os\n    os.system('echo noise')\n    os.write(1, b'noise\\n')",
    "leaves": "import os\n    os._exit(0)",
    "raises what is no Exception": "raise type('Odd', (BaseException,), {})('odd')",
}


PRINTS_BY_C = pytest.param(
    "import ctypes\n    ctypes.CDLL(None).puts(b'noise')",
    marks=pytest.mark.skipif(os.name != "posix", reason="Windows has no C library of that name"),
    id="prints by C",
)


@pytest.mark.parametrize("body", [*(pytest.param(b, id=name) for name, b in SPOILERS.items()), PRINTS_BY_C])
def test_an_observer_spoils_neither_the_streams_nor_the_command(
    install: Install, capfd: pytest.CaptureFixture[str], body: str
) -> None:
    install("snn-a", f"@hookimpl\ndef snnbench_cell_finished(result):\n    {body}")
    host, result = Host.load(), CellResult(CELL, Status.DONE)
    for cell in range(2):
        host.cell_finished(result)
        typer.echo(f"result {cell}")
        typer.echo(f"talk {cell}", err=True)
    said = capfd.readouterr()
    assert said.out == "result 0\nresult 1\n"
    assert [line for line in said.err.splitlines() if "noise" not in line] == ["talk 0", "talk 1"]
    if "noise" in body:
        assert "noise" in said.err


def test_a_failing_observer_stops_neither_the_others_nor_the_run(install: Install) -> None:
    install("snn-a", "@hookimpl\ndef snnbench_cell_finished(result):\n    raise SystemExit('a')")
    install("snn-b", "seen = []\n@hookimpl\ndef snnbench_cell_finished(result):\n    seen.append(result)")
    install("snn-c", "@hookimpl\ndef snnbench_cell_finished(result):\n    {}['c']")
    result = CellResult(CELL, Status.DONE)
    messages = Host.load().cell_finished(result)
    assert [line.split(":")[0] for line in messages] == [
        "plugin 'snn-a' (snn-a 1.0)",
        "plugin 'snn-c' (snn-c 1.0)",
    ]
    assert "KeyError: 'c' (probe_snn_c.py:" in messages[1]
    import probe_snn_b  # type: ignore[import-not-found]

    assert probe_snn_b.seen == [result]
