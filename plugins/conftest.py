"""The tests of a package run where it is installed, and are left out where it is not."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

collect_ignore = [
    str(project.parent.name)
    for project in Path(__file__).parent.glob("*/pyproject.toml")
    if find_spec(project.parent.name.replace("-", "_")) is None
]


def pytest_report_header() -> str:
    """Tell which are left out."""
    return f"packages that are not installed: {', '.join(collect_ignore) or 'none'}"


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)
