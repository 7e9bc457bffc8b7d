"""Define what all components of sinabs have in common."""

from __future__ import annotations

from typing import Final

from snnbench import Library

SINABS: Final = Library(
    package="snnbench_sinabs",
    reference="sinabs 3.1.3, sinabs.activation, https://sinabs.readthedocs.io",
)
