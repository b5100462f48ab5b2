"""Where BMCs fetch virtual media: a small HTTP server that knows nothing but what is in a drive now."""

import asyncio
import errno
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from bmc.model.errors import BackendFailed

NAME = "medium.iso"
"""Some BMCs take only a URL that ends so."""


@dataclass
class _Published:
    path: Path
    fetched: asyncio.Event = field(default_factory=asyncio.Event)


class MediaServer:
    """Device: one listener for all nodes that give the same address. A medium has a path that nobody can guess."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._published: dict[str, _Published] = {}
        self._runner: web.AppRunner | None = None
        self._starting = asyncio.Lock()

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def publish(self, path: Path, token: str = "") -> str:
        """The token of the medium, a new one unless it had one before. :raise BackendFailed: nobody could fetch it."""
        await self._start()
        token = token or secrets.token_urlsafe(24)
        self._published[token] = _Published(path)
        return token

    def url_of(self, token: str) -> str:
        return f"{self.url}/{token}/{NAME}"

    def withdraw(self, token: str) -> None:
        self._published.pop(token, None)

    async def fetched(self, token: str) -> None:
        """Return when somebody has begun to fetch it."""
        await self._published[token].fetched.wait()

    async def close(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _start(self) -> None:
        async with self._starting:
            if self._runner is not None:
                return
            app = web.Application()
            app.router.add_get(f"/{{token}}/{NAME}", self._serve)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
            await runner.setup()
            try:
                await self._listen(runner)
            except OSError as error:
                await runner.cleanup()
                raise BackendFailed(
                    f"nothing can be served at {self.url} ({error.strerror or error}): give an address and a free port "
                    "of this host in serve_from"
                ) from error
            self._runner = runner

    async def _listen(self, runner: web.AppRunner) -> None:
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:
                raise
            # In a container or behind a translated address the BMC sees one that this machine does not have.
            await web.TCPSite(runner, None, self._port).start()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        published = self._published.get(request.match_info["token"])
        if published is None or not published.path.is_file():
            raise web.HTTPNotFound
        published.fetched.set()
        return web.FileResponse(published.path)
