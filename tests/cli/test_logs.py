"""The service's log as JSON lines."""

import json
import logging
import sys

from bmc.cli.logs import JsonLines


def test_a_line_is_one_object_whatever_was_logged():
    try:
        raise ValueError("two\nlines")
    except ValueError:
        record = logging.LogRecord("bmc.node", logging.ERROR, __file__, 1, "%s: \x1b[31mred\n", ("n1",), sys.exc_info())
    text = JsonLines().format(record)
    assert "\n" not in text
    assert "\x1b" not in text
    line = json.loads(text)
    assert (line["level"], line["logger"], line["message"]) == ("error", "bmc.node", "n1: \x1b[31mred\n")
    assert line["exception"].endswith("ValueError: two\nlines")
    assert line["time"].endswith("+00:00")
