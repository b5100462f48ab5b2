"""The page: files that Vite built, with their precompressed siblings (aiohttp picks .br and .gz by itself)."""

from pathlib import Path

from aiohttp import web

PAGE = web.AppKey("page", Path)
# Vite puts a content hash into the names of what lies here.
HASHED = "assets"
# Paths that are the service's own: what is not found there is an error, not the page.
OWN = ("redfish", "console", "session", "metrics", "healthz", "deploy")


async def page(request: web.Request) -> web.StreamResponse:
    """The file of this path; index.html for any other, since the page finds its own way by the path."""
    root = request.app[PAGE]
    path = request.match_info["path"]
    if path.partition("/")[0] in OWN:
        raise web.HTTPNotFound(text=f"there is no /{path}")
    found = _file(root, path)
    if found is None and path.startswith(f"{HASHED}/"):
        raise web.HTTPNotFound(text="this file belongs to another version of the page; load it again")
    if found is None:
        found = root / "index.html"
        if not found.is_file():
            raise web.HTTPNotFound(text="The page is not built. Run `make setup`, or use /redfish/v1/.")
    hashed = found.is_relative_to(root / HASHED)
    caching = "public, max-age=31536000, immutable" if hashed else "no-cache"
    return web.FileResponse(found, headers={"Cache-Control": caching})


def _file(root: Path, path: str) -> Path | None:
    """The regular file below the root that is meant, None if there is none."""
    if not path or "\0" in path:
        return None
    try:
        found = (root / path).resolve()
        return found if found.is_relative_to(root) and found.is_file() else None
    except OSError:
        return None


ROUTES = [web.get("/{path:.*}", page)]
