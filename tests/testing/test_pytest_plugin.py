"""``pytest --snnbench-conformance DIST`` as a library's author meets it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = """
from snnbench import NeuronSpec, SurrogateSpec, hookimpl

@hookimpl
def snnbench_neurons():
    said = dict(version="1", summary="a neuron", reference="this file", reset="subtract")
    return [
        NeuronSpec(name="right", factory="broken_neurons:Right", **said),
        NeuronSpec(name="wrong", factory="broken_neurons:FiresAtThreshold", **said),
    ]
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "my_neurons.py").write_text(MODULE)
    return tmp_path


def run(here: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    own = {"PYTHONPATH": str(Path(__file__).parent), "OMP_NUM_THREADS": "1"}
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")} | own
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, check=False)


def test_a_module_s_components_are_checked_and_the_finding_is_all_that_is_shown(here: Path) -> None:
    done = run(here, "--snnbench-conformance", "my_neurons", "-v", "-k", "claim and not leak")
    assert done.returncode == 1
    assert "neuron:right::claim[threshold] PASSED" in done.stdout
    assert "neuron:wrong::claim[threshold] FAILED" in done.stdout
    assert "neuron:wrong::claim[reset] PASSED" in done.stdout
    begin = done.stdout.index("neuron:wrong (my_neurons dev+")
    assert done.stdout[begin:].splitlines()[1:3] == [
        "smallest input: from rest, x[0] = 1.0, features=(1,), float64 (all exact)",
        'hint: threshold=">=" in its NeuronSpec would be true',
    ]


def test_what_cannot_be_decided_is_skipped_with_the_reason(here: Path) -> None:
    done = run(here, "--snnbench-conformance", "my_neurons", "-rs", "-k", "leak_exponent")
    assert done.returncode == 0
    assert "2 skipped" in done.stdout
    assert "it gives none" in done.stdout


def test_the_option_is_repeatable_and_names_can_be_chosen(here: Path) -> None:
    both = ("--snnbench-conformance", "my_neurons", "--snnbench-conformance", "snnbench")
    done = run(here, *both, "--collect-only", "-q", "-k", "right and spec or neuron:lif and spec[ranges]")
    assert "neuron:lif::spec[ranges]" in done.stdout
    assert "neuron:right::spec[text]" in done.stdout
    assert "neuron:wrong" not in done.stdout


@pytest.mark.parametrize(
    ("module", "says"),
    [
        (None, "no distribution of this name has a plugin"),
        ("raise OSError('no such device')", "OSError: no such device"),
        ("from snnbench import hookimpl\n@hookimpl\ndef snnbench_neurons():\n    return []", "no component"),
    ],
)
def test_what_cannot_be_checked_is_an_error_and_not_a_pass(
    tmp_path: Path, module: str | None, says: str
) -> None:
    if module is not None:
        (tmp_path / "my_neurons.py").write_text(module)
    done = run(tmp_path, "--snnbench-conformance", "my_neurons")
    assert done.returncode == 4
    assert says in done.stdout + done.stderr
    assert "INTERNALERROR" not in done.stdout


def test_without_the_option_nothing_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text(
        "import sys\n"
        "def test_nothing():\n"
        "    assert not {'torch', 'snnbench.plugin', 'snnbench.testing.casebook'} & set(sys.modules)\n"
    )
    done = run(tmp_path, "-q")
    assert done.returncode == 0, done.stdout
