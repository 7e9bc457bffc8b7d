"""Define what published datasets share: parameters, and a file that is an archive. No torch is imported."""

from __future__ import annotations

from typing import Final

from snnbench.plugin.params import Param
from snnbench.plugin.specs import DataFile

PARAMS: Final = {
    "train": Param(0, low=0, unit="samples", doc="training samples, the classes in proportion; 0 for all"),
    "content": Param("", doc="checksum of files to read in place of the published ones; see docs/data.md"),
}


def archive(path: str, md5: str, url: str, folder: str) -> DataFile:
    """Return the file ``path`` below the data root, which is unpacked into ``folder``."""
    return DataFile(path, f"md5:{md5}", (url,), unpack=folder)
