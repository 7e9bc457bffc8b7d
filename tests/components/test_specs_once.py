"""A default, an equation and a meaning stand once: in the spec."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest

from snnbench.components import datasets, encoders, networks, neurons, surrogates
from snnbench.plugin.spec import Spec

ROOMS: tuple[ModuleType, ...] = (datasets, encoders, networks, neurons, surrogates)
SPECS = [spec for room in ROOMS for spec in room.SPECS]


def definitions(spec: Spec) -> list[ast.AST]:
    """The class or function that the factory is, or the class of the object that it is."""
    factory: Any = spec.load()
    factory = getattr(factory, "func", factory)
    if not (inspect.isclass(factory) or inspect.isfunction(factory)):
        factory = type(factory)
    tree = ast.parse(inspect.getsource(inspect.getmodule(factory)))  # type: ignore[arg-type]
    return [node for node in ast.walk(tree) if getattr(node, "name", None) == factory.__name__]


def defaulted(node: ast.AST) -> list[tuple[str, str]]:
    """Arguments with a default, and its source, of all functions in ``node``."""
    found = []
    for function in ast.walk(node):
        if isinstance(function, ast.FunctionDef):
            own = function.args
            pairs = [*zip(reversed(own.args), reversed(own.defaults), strict=False)]
            pairs += [
                (one, given) for one, given in zip(own.kwonlyargs, own.kw_defaults, strict=True) if given
            ]
            found += [(one.arg, ast.unparse(given)) for one, given in pairs]
    return found


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.kind}-{spec.name}")
def test_no_signature_repeats_a_default_of_the_spec(spec: Spec) -> None:
    (definition,) = definitions(spec)
    own = [(name, source) for name, source in defaulted(definition) if name in spec.params]
    assert all(source.startswith("_DEFAULT") and source.endswith(f".{name}") for name, source in own), own


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.kind}-{spec.name}")
def test_no_docstring_repeats_an_equation_or_a_parameter_of_the_spec(spec: Spec) -> None:
    (definition,) = definitions(spec)
    text = ast.get_docstring(definition) or ""  # type: ignore[arg-type]
    arguments = text.partition("Args:\n")[2].splitlines()
    described = {line.partition(":")[0].strip() for line in arguments if line.startswith("    ")}
    assert not described & set(spec.params) - {"fn"}, "fn may also be a function, which no spec can say"
    squeezed = "".join(text.split())
    cases = ["".join(case.split()) for case in spec.equation.split("\n")]
    assert not [case for case in cases if "=" in case and len(case) > 8 and case in squeezed]


def test_listing_imports_no_torch() -> None:
    code = "import sys, snnbench.components; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
