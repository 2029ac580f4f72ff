"""What the command and its web processes write down, and where: lines on stderr, for stdout is for answers."""

import logging
from typing import Any


class NotOurNoise(logging.Filter):
    """Drops what uvicorn says of requests that were cut off on purpose, at the end."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is worth a line."""
        from asyncio import CancelledError  # for short commands, which never get here, a dear import

        cut_off = record.exc_info is not None and isinstance(record.exc_info[1], CancelledError)
        return not cut_off and "timeout graceful shutdown exceeded" not in record.msg


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {"noise": {"()": NotOurNoise}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["noise"]}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"incubator": {"level": "INFO"}},
}
