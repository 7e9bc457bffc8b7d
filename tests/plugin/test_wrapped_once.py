"""The packages that wrap a library declare a parameter once: their factories have no default of their own."""

from __future__ import annotations

import inspect

import pytest

from snnbench.plugin.host import Host

PACKAGES = ("norse", "sinabs", "snntorch", "spikingjelly", "tracetorch")


@pytest.mark.parametrize("package", PACKAGES)
def test_no_factory_repeats_a_default_of_its_spec(package: str) -> None:
    pytest.importorskip(f"snnbench_{package}")
    pytest.importorskip(package)
    host = Host.load([])
    repeated = []
    for kind in ("neuron", "surrogate", "encoder"):
        for one in host.all(kind):
            if one.distribution == f"snnbench-{package}":
                arguments = inspect.signature(one.spec.load()).parameters.values()
                own = [argument.name for argument in arguments if argument.default is not argument.empty]
                repeated += [(one.spec.name, name) for name in own if name in one.spec.params]
    assert repeated == []
