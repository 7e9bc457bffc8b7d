"""``snnbench new-plugin``: what it writes installs, passes the kit and shows up on a board, unedited."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from test_stability_cell import cell, measure

from snnbench.cli.new_plugin import Kind
from snnbench.components.surrogates.fast_sigmoid import FastSigmoid
from snnbench.plugin.specs import KINDS
from snnbench.store.journal import read
from snnbench.testing import Undecided, cases

README = Path(__file__).parents[2] / "README.md"

BOARD = """
summary = "the smallest run"
datasets = ["yin_yang(train=40)"]
encoders = ["direct"]
networks = ["dense(hidden=[4])"]
neurons = ["lif"]
surrogates = ["atan"]
seeds = 1
[train]
batch_size = 20
steps = 3
epochs = 1
[measure]
throughput = false
memory = false
stability = false
"""


def run(*command: object, cwd: Path, site: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"NO_COLOR": "1", "OMP_NUM_THREADS": "1"} | ({"PYTHONPATH": str(site)} if site else {})
    return subprocess.run(
        [sys.executable, *map(str, command)], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )


def new_plugin(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return run("-m", "snnbench", "new-plugin", *arguments, cwd=cwd)


def test_there_is_a_template_for_every_kind() -> None:
    assert [str(kind) for kind in Kind] == list(KINDS)


def test_it_writes_a_package_and_says_what_comes_next(tmp_path: Path) -> None:
    done = new_plugin("my-neuron", "--kind", "neuron", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    files = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert files == [
        "my-neuron/README.md",
        "my-neuron/pyproject.toml",
        "my-neuron/src/my_neuron/__init__.py",
        "my-neuron/src/my_neuron/neuron.py",
        "my-neuron/tests/test_my_neuron.py",
    ]
    assert "snnbench run --neuron my_neuron" in done.stdout
    project = tomllib.loads((tmp_path / "my-neuron" / "pyproject.toml").read_text())["project"]
    assert (project["name"], project["description"]) == ("my-neuron", "A neuron for snnbench.")


def test_it_imports_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['snnbench', 'new-plugin', 'a-b', '--kind', 'network']\n"
        "from snnbench.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "assert 'torch' not in sys.modules"
    )
    done = run("-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a-b" / "src" / "a_b" / "network.py").is_file()


def test_it_overwrites_nothing(tmp_path: Path) -> None:
    there = tmp_path / "mine" / "notes.txt"
    there.parent.mkdir()
    there.write_text("precious")
    done = new_plugin("mine", "--kind", "encoder", cwd=tmp_path)
    assert done.returncode == 2
    said = "error: mine is there already\nhint: choose another directory with -o DIR\n"
    assert done.stderr.endswith(said)
    assert list((tmp_path / "mine").iterdir()) == [there]
    assert new_plugin("mine", "--kind", "encoder", "-o", "other", cwd=tmp_path).returncode == 0
    assert (tmp_path / "other" / "src" / "mine" / "encoder.py").is_file()


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("My-Neuron", "neuron", "'My-Neuron' is no name for a package"),
        ("2nd", "neuron", "'2nd' is no name for a package"),
        ("a/b", "neuron", "'a/b' is no name for a package"),
        ("class", "neuron", "'class' is a keyword of Python"),
        ("linear", "network", "src/linear/network.py would use the name 'linear' for two things"),
        ("layers", "network", "src/layers/network.py would use the name 'layers' for two things"),
        ("tensor", "neuron", "src/tensor/neuron.py would use the name 'Tensor' for two things"),
        ("neuron", "neuron", "src/neuron/neuron.py would use the name 'Neuron' for two things"),
        ("generate", "dataset", "src/generate/dataset.py would use the name 'generate' for two things"),
        ("json", "neuron", "Python knows a module 'json' already"),
        ("torch", "neuron", "Python knows a module 'torch' already"),
        ("lif", "neuron", "snnbench provides neuron 'lif' already"),
        ("yin-yang", "dataset", "snnbench provides dataset 'yin_yang' already"),
    ],
)
def test_a_bad_name_is_refused_with_a_hint(tmp_path: Path, name: str, kind: str, says: str) -> None:
    done = new_plugin(name, "--kind", kind, cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert "\nhint: " in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_name_that_is_a_variable_of_the_template_is_as_good_as_any(tmp_path: Path) -> None:
    done = new_plugin("features", "--kind", "neuron", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


WHERE = {"factory", "params", "equation"}


def bare(node: ast.AST) -> str:
    """The code of ``node`` without docstrings, annotations and what tells where a spec has its factory.

    The factory of a package is a text, so that listing imports no torch, and its parameters stand in the
    spec; the README's is a class, whose signature has them.
    """
    for part in ast.walk(node):
        match part:
            case ast.FunctionDef() | ast.ClassDef():
                part.body = [one for one in part.body if not (_is_text(one) or _is_param(one))]
                if isinstance(part, ast.FunctionDef):
                    part.returns = None
                    part.args.kw_defaults = [None] * len(part.args.kwonlyargs)
            case ast.arg():
                part.annotation = None
            case ast.Call():
                part.keywords = [one for one in part.keywords if one.arg not in WHERE]
    return ast.unparse(node).replace("snnbench.Neuron)", "Neuron)")


def _is_param(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("snnbench.Param(")


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def definitions(*sources: str) -> dict[str, str]:
    nodes = [node for source in sources for node in ast.parse(source).body]
    return {node.name: bare(node) for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def example() -> str:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    return next(block for block in blocks if block.startswith("# my_neurons.py"))


def test_stability_of_the_neuron_that_it_writes_has_no_reservations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was called too short a sequence, and its disturbances had no unit."""
    assert new_plugin("leaky-one", "--kind", "neuron", cwd=tmp_path).returncode == 0
    monkeypatch.syspath_prepend(next(tmp_path.rglob("src")))
    made = importlib.import_module("leaky_one.neuron").LeakyOne
    metrics = measure(cell(lambda features, generator: made(features, FastSigmoid(5), generator, beta=0.9)))
    assert {flag for metric in metrics.values() for flag in metric.flags} <= {"coalesces"}
    assert metrics["stability.leak_check"].value == 1


def test_the_readme_shows_what_it_writes(tmp_path: Path) -> None:
    assert new_plugin("my-neuron", "--kind", "neuron", cwd=tmp_path).returncode == 0
    source = tmp_path / "my-neuron" / "src" / "my_neuron"
    written = definitions(*((source / name).read_text() for name in ("neuron.py", "__init__.py")))
    assert definitions(example()) == written


def test_the_readme_s_neuron_is_what_it_claims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_neurons.py").write_text(example())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    decided = 0
    for case in cases("my_neurons"):
        if not case.probe.slow:
            try:
                case.run()
                decided += 1
            except Undecided:
                continue
    assert decided > 20


@pytest.mark.slow
@pytest.mark.parametrize("kind", Kind)
def test_what_it_writes_installs_passes_its_tests_and_is_on_a_board(tmp_path: Path, kind: Kind) -> None:
    name, module = f"my-{kind}", f"my_{kind}"
    assert new_plugin(name, "--kind", kind, cwd=tmp_path).returncode == 0
    site = tmp_path / "site"
    pip = ("-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--target", site)
    installed = run(*pip, f"./{name}", cwd=tmp_path)
    assert installed.returncode == 0, installed.stderr

    tested = run("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path / name, site=site)
    assert tested.returncode == 0, tested.stdout
    assert "2 passed" not in tested.stdout, "the kit did not run"
    assert int(re.findall(r"(\d+) passed", tested.stdout)[0]) >= 5

    listed = run("-m", "snnbench", "list", f"{kind}s", module, cwd=tmp_path, site=site)
    assert name in listed.stdout
    (tmp_path / "small.toml").write_text(
        BOARD.replace("seeds = 1", f'seeds = 1\nmeasurements = ["{module}"]')
        if kind is Kind.MEASUREMENT
        else BOARD
    )
    axis = () if kind is Kind.MEASUREMENT else (f"--{kind}", module)
    done = run("-m", "snnbench", "run", "small.toml", "-o", "out", *axis, cwd=tmp_path, site=site)
    assert done.returncode == 0, done.stderr
    (result,) = read(tmp_path / "out")[1]
    if kind is Kind.MEASUREMENT:
        assert result.metrics[module].value is not None
    else:
        assert result.cell.components[kind].name == module
    assert module in (tmp_path / "out" / "table.csv").read_text()
