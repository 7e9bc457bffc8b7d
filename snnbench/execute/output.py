"""What a cell prints stays off the terminal, where it would drown the progress."""

from __future__ import annotations

import os
import threading
from multiprocessing.connection import Connection, wait
from typing import Final

KEPT_BYTES: Final = 64 * 1024
"""Of what one cell prints: the last ones. A cell that never stops printing fills no memory and no disk."""

PATIENCE_SECONDS: Final = 0.2
"""How long what a cell left running may hold its output open once the cell is gone."""


class Output:
    """The end of all that is written into a pipe, read in the background so that no writer has to wait.

    Args:
        reader: The pipe's end to read from. This closes it.
    """

    def __init__(self, reader: Connection) -> None:
        self._reader = reader
        self._end = bytearray()
        self._dropped = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def text(self) -> str:
        """Return what was written, once its writers are gone; of much only the end, which says so."""
        self._thread.join(PATIENCE_SECONDS)
        self._stop.set()
        text = bytes(self._end).decode(errors="replace").strip()
        return f"[{self._dropped} bytes left out]\n{text}" if self._dropped else text

    def _read(self) -> None:
        with self._reader:
            while not self._stop.is_set():
                if not wait([self._reader], PATIENCE_SECONDS):
                    continue
                read = os.read(self._reader.fileno(), KEPT_BYTES)
                if not read:
                    return
                self._end += read
                over = max(len(self._end) - KEPT_BYTES, 0)
                del self._end[:over]
                self._dropped += over
