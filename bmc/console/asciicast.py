"""What a serial line has printed as an asciicast (version 2), which players show again at any speed. No I/O."""

import codecs
import json
from collections.abc import Iterable, Iterator

from bmc.console.lines import Chunk
from bmc.console.serial import without_queries

WIDTH, HEIGHT = 80, 24
LONGEST_PAUSE = 2
"""Seconds: players make nobody wait longer, unless they are told to."""


class Recording:
    """Chunks in, lines out. The first line is the header; times count from the first chunk."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._begun: float | None = None
        self._now = 0.0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, chunks: Iterable[Chunk]) -> Iterator[str]:
        for chunk in chunks:
            if self._begun is None:
                self._begun = chunk.at
                yield self._header(int(chunk.at))
            self._now = max(self._now, chunk.at - self._begun)  # a clock that was set back is no journey in time
            if text := self._decoder.decode(without_queries(chunk.data)):
                yield json.dumps([round(self._now, 6), "o", text]) + "\n"

    def _header(self, begun: int) -> str:
        head = {"version": 2, "width": WIDTH, "height": HEIGHT, "timestamp": begun}
        return json.dumps({**head, "title": self._title, "idle_time_limit": LONGEST_PAUSE}) + "\n"
