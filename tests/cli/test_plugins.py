import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = """
from snnbench import NeuronSpec, hookimpl

@hookimpl
def snnbench_neurons():
    return [NeuronSpec(name=name, version="1", summary="", factory="a.b:C") for name in ("one", "two")]
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name, code in {
        "cli-good": GOOD,
        "cli-dead": "print('noise')\nraise OSError('no such device')",
    }.items():
        module = name.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(code)
        info = tmp_path / f"{module}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[snnbench]\n{name} = {module}\n")
    return tmp_path


def run(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from snnbench.cli import main; main()", *arguments]
    environment = os.environ | {"PYTHONPATH": str(site), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, check=False, encoding="utf-8"
    )


def plugins(site: Path, *arguments: str) -> dict[str, dict[str, str]]:
    done = run(site, "plugins", "--format", "json", *arguments)
    assert done.returncode == 0, done.stderr
    return {row["name"]: row for row in json.loads(done.stdout)}


def test_plugins_shows_what_each_provides_and_why_one_is_broken(site: Path) -> None:
    rows = plugins(site)
    assert {"cli-dead", "cli-good"} <= set(rows)
    assert rows["cli-good"] | {"provides": None} == {
        "name": "cli-good",
        "distribution": "cli-good",
        "version": "1.2",
        "status": "ok",
        "provides": None,
        "reason": "",
    }
    assert rows["cli-good"]["provides"] == {"neuron": ["one", "two"]}
    assert rows["cli-dead"]["status"] == "broken"
    assert rows["cli-dead"]["reason"] == "import failed: OSError: no such device (cli_dead.py:2)"


def test_all_adds_the_built_in_plugin(site: Path) -> None:
    rows = plugins(site, "--all")
    assert next(iter(rows)) == "builtin"
    assert rows["builtin"]["distribution"] == "snnbench"


def test_the_table_has_counts_and_the_reason(site: Path) -> None:
    text = run(site, "plugins", "-p", "no:cli-dead").stdout
    assert "2 neurons" in text
    assert "left out by -p no:cli-dead" in text


def test_a_broken_plugin_warns_once_on_stderr_only(site: Path) -> None:
    done = run(site, "list", "neurons", "--format", "json")
    assert {"one", "two"} <= {row["name"] for row in json.loads(done.stdout)}
    warnings = [line for line in done.stderr.splitlines() if line != "noise"]
    assert warnings == [
        "warning: plugin 'cli-dead' (cli-dead 1.2) is broken: import failed: "
        "OSError: no such device (cli_dead.py:2)"
    ]
    assert run(site, "list", "-p", "no:cli-dead").stderr == ""


def test_without_any_plugin_it_says_so(tmp_path: Path) -> None:
    done = run(tmp_path, "plugins")
    if "no plugin is installed" not in done.stdout:
        pytest.skip("plugins are installed here")
    assert done.returncode == 0
