"""What all tests share: one thread, generators with a seed, and how long properties are searched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pytest
import torch
from hypothesis import settings

from snnbench.plugin import sources

settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)  # a search belongs to a desk
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="session")
def _cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing is read from, or left in, the cache folder of whoever runs the tests.

    Torch would make the folder of compiled code at its import, open to others, and it would then be refused.
    """
    code = tmp_path_factory.mktemp("compiled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCHINDUCTOR_CACHE_DIR", str(code))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


INSTALLED = {entry.dist.name for entry in entry_points(group="snnbench") if entry.dist} - {"snnbench"}


@pytest.fixture
def without_installed_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever packages this environment has, a test in this process finds the built-in one and its own."""

    def found(**selection: Any) -> list[EntryPoint]:
        return [one for one in entry_points(**selection) if not one.dist or one.dist.name not in INSTALLED]

    monkeypatch.setattr(sources, "entry_points", found)


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
