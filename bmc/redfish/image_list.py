"""The images there are, for every System that offers to be reinstalled with those that it can boot."""

import logging

from bmc.images.catalogue import Catalogue, Image
from bmc.model.clock import Clock
from bmc.model.errors import BmcError

FRESH_SECONDS = 2.0

log = logging.getLogger(__name__)


class ImageList:
    """The catalogue reads its directory each time; a list of a thousand Systems must not read it a thousand times."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._images: list[Image] = []
        self._stamp: tuple[int, ...] = ()
        self._until = float("-inf")

    def now(self) -> list[Image]:
        """With what was added or removed until now; of what else happened to their files, at most two seconds old.

        None if the catalogue cannot be read, since a System is still a System then.
        """
        stamp = self._catalogue.stamp()
        if stamp != self._stamp or self._clock.monotonic() >= self._until:
            self._stamp = stamp
            try:
                self._images = self._catalogue.list()
            except BmcError as error:
                log.warning("no image can be offered: %s", error)
                self._images = []
            self._until = self._clock.monotonic() + FRESH_SECONDS
        return self._images
