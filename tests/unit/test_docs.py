"""What the documentation shows runs as it stands: commands, matrices, a neuron; and every page is found."""

import re
import shlex
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
import typer.main

from snnbench.cli import app, commands  # noqa: F401  registers the commands
from snnbench.matrix.read import load
from snnbench.plugin.host import Host

ROOT = Path(__file__).parents[2]
AXES = """
datasets = ["digits"]
encoders = ["rate"]
networks = ["dense"]
neurons = ["lif"]
surrogates = ["atan"]
"""
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def shown_commands() -> list[str]:
    found = [
        command
        for page in PAGES
        for language in ("sh", "text")
        for block in blocks(page, language)
        for line in block.splitlines()
        for command in re.findall(r"(?:^|/)snnbench (?!.*: ).*", line)
    ]
    return [re.split(r"\s{2,}|\s&&\s|\s#|\)$", one.removeprefix("/"))[0] for one in found]


@pytest.mark.parametrize("line", sorted(set(shown_commands())))
def test_a_command_that_is_shown_has_these_options(line: str) -> None:
    _, *arguments = shlex.split(line)
    group: Any = typer.main.get_command(app)
    with group.make_context("snnbench", list(arguments)) as context:
        name, command, rest = group.resolve_command(context, arguments)
        assert command is not None
        assert command.make_context(name, rest, parent=context)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_matrix_that_is_shown_is_one(page: Path, tmp_path: Path) -> None:
    for block in blocks(page, "toml"):
        if "[project" in block:
            continue
        file = tmp_path / "shown.toml"
        missing = "" if "datasets" in block else AXES
        file.write_text(missing + block, "utf-8")
        assert load(str(file)).neurons


def test_the_neuron_of_the_readme_is_one(without_installed_packages: None) -> None:
    (code,) = blocks(ROOT / "README.md", "python")
    module = ModuleType("shown")
    exec(code, module.__dict__)
    module.__dict__["__name__"] = "__main__"
    spec = Host.load([module]).find("neuron", "my_neuron").spec
    made = spec.load()((3,), lambda z: (z > 0).to(z), torch.Generator(), **spec.resolve(()))
    assert made(torch.ones(4, 2, 3))[0].shape == (4, 2, 3)


def test_every_page_is_linked_from_another_one() -> None:
    for page in PAGES[1:]:
        others: Any = [one.read_text("utf-8") for one in PAGES if one != page]
        assert any(f"({page.name})" in text or f"docs/{page.name}" in text for text in others), page.name


def test_every_extra_that_is_for_users_is_mentioned() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    section = text.partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    extras = set(re.findall(r"^([\w-]+) = \[", section, re.MULTILINE)) - {"test"}
    pages = "".join(page.read_text("utf-8") for page in PAGES)
    assert extras
    assert not [extra for extra in extras if f"[{extra}]" not in pages]


@pytest.mark.slow
@pytest.mark.parametrize("page", ["stability.md"])
def test_the_python_of_a_page_runs_as_it_stands(page: str) -> None:
    """One block after another, in one namespace."""
    names: dict[str, Any] = {"__name__": "docs"}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for block in blocks(ROOT / "docs" / page, "python"):
            exec(compile(block, page, "exec"), names)


def test_the_exponents_of_the_stability_page_are_what_its_first_block_gives() -> None:
    names: dict[str, Any] = {"__name__": "docs"}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        exec(blocks(ROOT / "docs" / "stability.md", "python")[0], names)
    assert names["result"].exponents.tolist() == pytest.approx([0.419, -1.623], abs=0.01)
    assert names["result"].kaplan_yorke == pytest.approx(1.258, abs=0.01)
    assert names["curve"].exponents.tolist() == pytest.approx([0.42, 0.42, 0.12], abs=0.02)
