"""Real data sets: the folder that ``SNNBENCH_TEST_DATA`` names. Tests that need one skip without it."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(os.environ.get("SNNBENCH_TEST_DATA") or "no-real-data").absolute()
REASON = "SNNBENCH_TEST_DATA names no folder that holds this data set"
