"""Logs without clinical text."""

import logging
import time
import traceback
from types import TracebackType


class PlainFormatter(logging.Formatter):
    """One line a record, UTC; of an exception only class and places: its message may quote a note."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatException(  # noqa: N802 - the name is logging's
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        """Give the class and each frame's file, line and function, never the message or source."""
        kind, _, trace = ei
        places = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(trace)]
        return f"{kind.__name__ if kind else 'no exception'} at " + " > ".join(places)

    def format(self, record: logging.LogRecord) -> str:
        """Format a record, ignoring an exception text that another formatter has cached on it."""
        record.exc_text = None
        text = super().format(record)
        record.exc_text = None
        return text
