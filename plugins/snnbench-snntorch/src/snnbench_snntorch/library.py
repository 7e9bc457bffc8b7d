"""Define what all components of snntorch have in common."""

from __future__ import annotations

from typing import Final

from snnbench import Library

SNNTORCH: Final = Library(
    package="snnbench_snntorch",
    reference="Eshraghian et al. 2023, Proc. IEEE 111(9)",
)
