"""Which code a component runs: all of the user's own that it imports, and nothing else."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

from snnbench.plugin.code import code_of

FILES = {
    "own/__init__.py": "",
    "own/neuron.py": "from . import shared\nfrom .deep.low import leak\nimport own_helper as h, os, torch\n",
    "own/shared.py": "def f():\n    from own import late\n",
    "own/late.py": "x = 1\n",
    "own/deep/__init__.py": "",
    "own/deep/low.py": "from ..sideways import leak\n",
    "own/sideways.py": "leak = 0.9\n",
    "own/unused.py": "x = 1\n",
    "own_helper.py": "import own_circle\n",
    "own_circle.py": "import own_helper\n",
    "own_beside.py": "x = 1\n",
}
REACHED = {
    "own", "own.neuron", "own.shared", "own.late", "own.deep", "own.deep.low", "own.sideways", "own_helper",
    "own_circle",
}  # fmt: skip


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def modules(code: dict[str, str]) -> set[str]:
    return {name.removeprefix("module ") for name in code if name.startswith("module ")}


def test_it_is_what_python_itself_would_import(own: Path) -> None:
    """The modules that Python has after importing it, and after the import within a function."""
    told = "import sys, own.neuron; own.shared.f(); print(*(n for n in sys.modules if 'own' == n[:3]))"
    done = subprocess.run([sys.executable, "-c", told], cwd=own, capture_output=True, text=True, check=True)
    assert modules(code_of(["own.neuron"])) == REACHED
    assert {*done.stdout.split()} == REACHED
    assert not [name for name in sys.modules if name.startswith("own")]  # nothing was imported


@pytest.mark.parametrize("file", FILES)
def test_an_edit_counts_where_the_module_is_reached(own: Path, file: str) -> None:
    before = code_of(["own.neuron"])
    (own / file).write_text((own / file).read_text() + "x = 2\n")
    after = code_of(["own.neuron"])
    name = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    changed = {one for one in before if before[one] != after[one]}
    assert changed == ({f"module {name}"} if name in REACHED else set())


CODE = "x = 1\nclass A:\n    def f(self):\n        return 1\n"


@pytest.mark.parametrize(
    ("edited", "counts"),
    [
        ("# a comment\n" + CODE, False),
        ('"""A docstring."""\n\n\n' + CODE, False),
        (CODE.replace("class A:\n", 'class A:\n    """A docstring."""\n'), False),
        (CODE.replace("(self):\n", '(self):\n        """A docstring."""\n'), False),
        (CODE.replace("return 1", "return  (1)  # in brackets"), False),
        (CODE.replace("return 1", "return 1.0"), True),
        (CODE + '"""A text."""\n', True),  # no docstring, as it is not first
        ("not python(", True),
    ],
)
def test_comments_and_docstrings_do_not_count(own: Path, edited: str, counts: bool) -> None:
    file = own / "own_beside.py"
    file.write_text(CODE)
    before = code_of(["own_beside"])
    file.write_text(edited)
    assert (code_of(["own_beside"]) != before) is counts


def test_an_installed_distribution_counts_by_its_version(own: Path) -> None:
    (own / "own_helper.py").write_text("import hypothesis.strategies\nimport typing\nimport numpy\n")
    code = code_of(["own.neuron"])
    told = {name: text for name, text in code.items() if name.startswith("distribution ")}
    assert told == {"distribution hypothesis": importlib.metadata.version("hypothesis")}


def test_of_an_installed_plugin_its_own_imports_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site-packages"
    (site / "theirs").mkdir(parents=True)
    (site / "theirs" / "__init__.py").write_text("from theirs import part\n")
    (site / "theirs" / "part.py").write_text("import hypothesis\n")
    info = site / "theirs-2.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 2.5\n")
    monkeypatch.syspath_prepend(site)
    assert code_of(["theirs"]) == {
        "distribution theirs": "2.5",
        "distribution hypothesis": importlib.metadata.version("hypothesis"),
    }


def test_where_names_are_worked_out_the_whole_package_counts(own: Path) -> None:
    (own / "own" / "late.py").write_text("import importlib\nimportlib.import_module('own.' + 'unused')\n")
    assert modules(code_of(["own.neuron"])) == REACHED | {"own.unused"}


def test_a_folder_without_an_init_is_a_package_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_space" / "a" / "b").mkdir(parents=True)
    (tmp_path / "own_space" / "a" / "b" / "leaf.py").write_text("x = 1\n")
    (tmp_path / "own_top.py").write_text("from own_space.a.b import leaf\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert modules(code_of(["own_top"])) == {"own_top", "own_space.a.b.leaf"}


def test_what_is_not_there_or_not_told_has_no_code() -> None:
    assert code_of(["", "no_such_module", "sys", "torch.nn", "snnbench.core", "__main__"]) == {}
