"""How the service's log is written: for people, or one JSON object a line for what collects logs."""

import json
import logging
import sys
from datetime import UTC, datetime

from bmc.config import LogSettings

PLAIN = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class JsonLines(logging.Formatter):
    """`time` is RFC 3339 in UTC; `exception` is there when there was one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def set_up(settings: LogSettings) -> None:
    """On standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if settings.format == "json" else logging.Formatter(PLAIN))
    logging.basicConfig(level=settings.level.upper(), handlers=[handler])
    logging.getLogger("qemu.qmp").setLevel(logging.CRITICAL)  # it calls every guest that goes off an error
    logging.getLogger("asyncssh").setLevel(logging.WARNING)  # it tells of each try of a login
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # it tells of each answer that does not come
