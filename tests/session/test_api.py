"""The suite from Python, with components of one's own: classes, specs, modules and objects with hooks."""

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

import snnbench
from snnbench import Neuron, NeuronSpec, Param, hookimpl
from snnbench.errors import UsageError
from snnbench.plugin.bytecode import digest
from snnbench.plugin.host import Host

BOARD = """
datasets = ["yin_yang(train=40)"]
encoders = ["direct"]
networks = ["dense(hidden=[4])"]
neurons = ["lif"]
surrogates = ["atan", "sigmoid"]
seeds = 2
[train]
batch_size = 20
steps = 3
epochs = 1
[measure]
throughput = false
memory = false
stability = false
"""

LEAKY = '''
import torch, snnbench

DECAY = 0.5

def leak(u):
    return DECAY * u

class MyLeaky(snnbench.Neuron):
    """A leaky neuron of a notebook."""

    def __init__(self, features, surrogate, generator, *, theta=1.0):
        super().__init__()
        self.theta, self.spike = theta, surrogate

    def initial_state(self, x_t):
        return (torch.zeros_like(x_t),)

    def step(self, x_t, state):
        u = leak(state[0]) + x_t
        s = self.spike(u - self.theta)
        return s, (u - s * self.theta,)
'''


@pytest.fixture(autouse=True)
def _alone(without_installed_packages: None) -> None:
    """Whatever plugins this environment has, a test has its own alone."""


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(BOARD)
    return tmp_path


class Leaky(Neuron):
    """A leaky neuron."""

    def __init__(
        self, features: tuple[int, ...], surrogate: Any, generator: torch.Generator, *, beta: float = 0.5
    ) -> None:
        super().__init__()
        self.beta, self.spike = beta, surrogate

    def initial_state(self, x_t: Tensor) -> tuple[Tensor, ...]:
        return (torch.zeros_like(x_t),)

    def step(self, x_t: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        u = self.beta * state[0] + x_t
        s = self.spike(u - 1)
        return s, (u - s,)


class WithHooks:
    @hookimpl
    def snnbench_neurons(self) -> list[NeuronSpec]:
        return [SPEC]


SPEC = NeuronSpec(name="leaky", version="1", summary="a", factory=Leaky, params={"beta": Param(0.5, low=0.0)})
MODULE = ModuleType("of_a_notebook")
MODULE.snnbench_neurons = WithHooks().snnbench_neurons  # type: ignore[attr-defined]


@pytest.mark.parametrize("given", [Leaky, SPEC, WithHooks, WithHooks(), MODULE])
def test_a_neuron_of_one_s_own_is_made_by_its_name(given: object) -> None:
    made = snnbench.make_neuron("leaky(beta=0.25)", (3,), surrogate="atan", plugins=[given])
    equal = snnbench.make_neuron("lif(beta=0.25, reset_delay=false)", (3,), surrogate="atan")
    x = torch.rand(6, 2, 3, generator=torch.Generator().manual_seed(1)) * 2
    assert torch.equal(made(x)[0], equal(x)[0])


def test_a_network_takes_a_neuron_of_one_s_own() -> None:
    network = snnbench.make_network("dense", (4,), 3, neuron="leaky", plugins=[Leaky])
    assert network(torch.rand(5, 2, 4)).shape == (2, 3)
    model = snnbench.create_conv_snn(
        in_channels=1, image_size=(4, 4), T=3, channels=[2], neuron="leaky", plugins=[Leaky]
    )
    assert model(torch.rand(2, 1, 4, 4))[0].shape == (2, 10)


def test_what_is_no_plugin_is_refused() -> None:
    with pytest.raises(UsageError, match="is no plugin") as caught:
        snnbench.make_neuron("leaky", (3,), plugins=[7])
    assert "an object with hooks" in caught.value.hint


@pytest.mark.slow
def test_what_the_command_line_takes_python_takes(board: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = board / "data"
    rows = snnbench.run(
        "small.toml",
        plugins=[Leaky],
        neuron=["lif", "leaky"],
        surrogate="atan",
        select="leaky or s1",
        seeds=[0, 1],
        data_root=data,
        out="out",
        timeout=300.0,
        progress=True,
    )
    assert sorted(zip(rows.neuron, rows.seed, strict=True)) == [("leaky", 0), ("leaky", 1), ("lif", 1)]
    assert set(rows.status) == {"done"}
    said = capfd.readouterr().err
    assert "3 of 3 cells to run" in said
    assert "3/3 " in said
    snnbench.run("small.toml", plugins=[Leaky], neuron="leaky", surrogate="atan", out="out", progress=True)
    assert "0 of 2 cells to run" in capfd.readouterr().err
    with pytest.raises(UsageError, match="rerun='al' is no choice"):
        snnbench.run("small.toml", rerun="al")


def script(board: Path, code: str) -> list[dict[str, Any]]:
    """What a script that defines a class and runs a cell of it gets."""
    chosen = "plugins=[MyLeaky], neuron='my_leaky', surrogate='atan', seeds=1"
    run = f"\nrows = snnbench.run('small.toml', {chosen})\n"
    told = "print(rows[['key', 'status', 'accuracy.test']].to_json(orient='records'))\n"
    (board / "script.py").write_text(code + run + told)
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=board,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
def test_a_class_of_a_script_reaches_its_cell_and_its_code_is_in_the_key(board: Path) -> None:
    (first,) = script(board, LEAKY)
    assert first["status"] == "done"
    commented = LEAKY.replace("DECAY = 0.5\n", "# how much is left\n\nDECAY = 0.5\n")
    assert script(board, commented) == [first]
    changed = script(board, LEAKY.replace("DECAY = 0.5", "DECAY = 0.25"))
    assert len({row["key"] for row in [first, *changed]}) == 2


def executed(code: str) -> type:
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(textwrap.dedent(code), space)
    found: type = space["MyLeaky"]
    return found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("theta=1.0", "theta=1.5"),
        ("+ x_t", "- x_t"),
        ("DECAY = 0.5", "DECAY = 0.6"),
        ("return DECAY * u", "return u * DECAY"),
        ("s * self.theta", "s * 2.0"),
        ("class MyLeaky", "class Base(snnbench.Neuron):\n    states = ('u',)\n\nclass MyLeaky"),
    ],
)
def test_the_digest_of_a_class_changes_with_all_that_it_does(old: str, new: str) -> None:
    changed = LEAKY.replace(old, new)
    if "Base" in new:
        changed = re.sub(r"MyLeaky\(snnbench.Neuron\)", "MyLeaky(Base)", changed)
    assert changed != LEAKY
    assert digest(executed(changed)) != digest(executed(LEAKY))
    assert digest(executed("\n# moved\n" + LEAKY)) == digest(executed(LEAKY))


def test_a_class_of_a_module_is_known_by_its_module() -> None:
    found = Host.load([Leaky]).find("neuron", "leaky")
    assert found.distribution == __name__
    assert found.version.startswith("dev+")
