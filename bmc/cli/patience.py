"""What a command that follows something does while the service is started anew: it goes on when that is there again."""

import time
from collections.abc import Callable
from typing import TypeVar

from bmc.cli.client import Client, NoAnswer, SignedOut
from bmc.cli.output import complain

PAUSE = 1.0
"""Seconds from one question to the next."""

Answer = TypeVar("Answer")


def patiently(client: Client, ask: Callable[[], Answer]) -> Answer:
    """What `ask` returns, as soon as it can. :raise CliError: refused; SignedOut, if a new sign-in is no use."""
    told = renewed = False
    while True:
        try:
            return ask()
        except SignedOut:
            if renewed:
                raise
            renewed = True
        except NoAnswer as error:
            if not told:
                complain(f"{error}; trying again")
            told, renewed = True, False
            time.sleep(PAUSE)
        client.again()
