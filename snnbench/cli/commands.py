"""This module imports every command, which registers itself. Each imports heavy packages only when called."""

from __future__ import annotations

from snnbench.cli import (  # noqa: F401
    check,
    data,
    doctor,
    listing,
    new_plugin,
    plan,
    plugins,
    report,
    run,
)
