"""What a command that follows something does while the service is started anew: it goes on when that is there again."""

import time
from collections.abc import Callable
from typing import TypeVar

from bmc.cli.client import Client
from bmc.cli.errors import NoAnswer, SignedOut
from bmc.cli.output import complain

PAUSE = 1.0
"""Seconds from one question to the next."""

Answer = TypeVar("Answer")


class Patience:
    """With one service: each outage is told of once, and each time the session is renewed once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.over()

    def over(self) -> None:
        """The service has answered."""
        self._told = self._renewed = False

    def bear(self, error: NoAnswer | SignedOut) -> None:
        """Wait, and sign in anew. :raise SignedOut: that was of no use."""
        if isinstance(error, SignedOut):
            if self._renewed:
                raise error
            self._renewed = True
        else:
            if not self._told:
                complain(f"{error}; trying again")
            self._told, self._renewed = True, False
            time.sleep(PAUSE)
        self._client.again()


def patiently(client: Client, ask: Callable[[], Answer]) -> Answer:
    """What `ask` returns, as soon as it can. :raise CliError: refused; SignedOut, if a new sign-in is no use."""
    patience = Patience(client)
    while True:
        try:
            return ask()
        except (NoAnswer, SignedOut) as error:
            patience.bear(error)
