"""Define what all components of norse have in common."""

from __future__ import annotations

from typing import Final

from snnbench import Library

NORSE: Final = Library(
    package="snnbench_norse",
    reference="Pehle & Pedersen 2021, Norse, doi:10.5281/zenodo.4422025",
)
