import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from snnbench.plugin import trial

HEAD = """
from snnbench import hookimpl, NeuronSpec, SurrogateSpec, DatasetSpec, EncoderSpec, NetworkSpec, Param

def neuron(name="leaky", version="1", **rest):
    return NeuronSpec(**{"name": name, "version": version, "summary": "a neuron", "factory": "a.b:C", **rest})
"""

Install = Callable[..., None]


@pytest.fixture(autouse=True)
def _alone(without_installed_packages: None) -> None:
    """Whatever plugins this environment has, a test has its own alone."""


@pytest.fixture(autouse=True)
def _no_trial(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plugins of tests are imported at once, but where a trial in a process apart is what is tested."""
    if "trial" not in request.module.__name__:
        monkeypatch.setattr(trial, "judge", lambda sources, **options: {})


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None) or ""
        if file.startswith(str(tmp_path)) or name.startswith("probe_"):
            del sys.modules[name]


@pytest.fixture
def install(site: Path) -> Install:
    """Writes a distribution with one plugin module, as an installer would."""

    def write(
        distribution: str,
        code: str,
        *,
        entry: str = "",
        version: str = "1.0",
        module: str = "",
        value: str = "",
    ) -> None:
        module = module or "probe_" + distribution.replace("-", "_").replace(".", "_").lower()
        (site / f"{module}.py").write_text(HEAD + textwrap.dedent(code))
        info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        points = info / "entry_points.txt"
        old = points.read_text() if points.exists() else "[snnbench]\n"
        points.write_text(f"{old}{entry or distribution} = {value or module}\n")

    return write
