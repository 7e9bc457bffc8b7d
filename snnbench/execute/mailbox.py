"""Take in what a child sends beside everything else: nobody waits for a message that never ends."""

from __future__ import annotations

import os
import pickle
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Final

LONGEST_MESSAGE: Final = 256 * 2**20
"""Bytes of one message. A child that writes rubbish announces gigabytes that never come."""

PATIENCE_SECONDS: Final = 60.0
"""How long what has arrived may take to be read: reading the first may import what it is made of."""


class RubbishError(Exception):
    """A child has sent what is no message."""


class Mailbox:
    """A mailbox is the parent's end of a connection to a child.

    Args:
        connection: It belongs to this object from now on.
        news: Set whenever there is something to look at.
    """

    def __init__(self, connection: Connection, news: threading.Event) -> None:
        self._connection = connection
        self._news = news
        self._messages: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._take_in, daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Return whether nothing more will come: the child has closed its end, or has sent no message."""
        return not self._thread.is_alive()

    def send(self, message: object) -> None:
        """Send to the child.

        Raises:
            OSError: It is gone.
        """
        self._connection.send(message)

    def messages(self) -> Iterator[Any]:
        """Return what has come and was not looked at.

        Raises:
            RubbishError: Something that came is no message; nothing after it is read.
        """
        while True:
            try:
                message = self._messages.get_nowait()
            except queue.Empty:
                return
            if isinstance(message, RubbishError):
                raise message
            yield message

    def finish(self) -> None:
        """Take in what has arrived already, and nothing more, though another process keeps the line open."""
        if os.name == "posix":
            with suppress(OSError), socket.socket(fileno=os.dup(self._connection.fileno())) as line:
                line.shutdown(socket.SHUT_RD)
        self._thread.join(PATIENCE_SECONDS)

    def close(self) -> None:
        """End the connection."""
        self.finish()
        if self.ended:  # else its thread still reads, and the number could come to mean another file
            self._connection.close()

    def _take_in(self) -> None:
        try:
            while True:
                self._messages.put(self._next())
                self._news.set()
        except EOFError:
            return
        except RubbishError as error:
            self._messages.put(error)
        finally:
            self._news.set()

    def _next(self) -> Any:
        try:
            data = self._connection.recv_bytes(LONGEST_MESSAGE)
        except OSError as error:
            if not self._connection.readable:  # the length it announced is no length
                raise RubbishError(str(error)) from None
            raise EOFError from None  # in the middle of a message
        try:
            return pickle.loads(data)
        except BaseException as error:  # rubbish may raise anything
            raise RubbishError(f"{type(error).__name__}: {error}") from None
