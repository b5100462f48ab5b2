"""The service's end of the deploy protocol, as small as it can be: what the ramdisk and the systems talk to."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from bmc.images.catalogue import LABELS, Image
from bmc.reinstall.medium import shell_lines

TOKEN = "deploy-token"
PROOF_TOKEN = "proof-token"
PREFIX = "/deploy/v1/"


@dataclass
class Peer:
    """`calls` is what came, in order: (name, form). The other fields say how to answer."""

    image: Image
    seed: Mapping[str, bytes] = field(default_factory=dict)
    sha256: str = ""
    """What to claim of the image, when not the truth."""
    send: int | None = None
    """How many bytes of the image to send before the connection breaks."""
    breaks: int = 1000
    """How often it breaks."""
    cancel_at: str = ""
    """The phase at whose progress report the job is cancelled."""
    absent_at: str = ""
    """The phase at whose first progress report nothing is answered any more, for `absent` seconds."""
    absent: float = 0
    proof_statuses: list[int] = field(default_factory=list)
    """What to answer to the first proofs, when not 200."""
    told: Mapping[str, str] = field(default_factory=dict)
    """What the check-in answers, when the errand is not to install."""
    choose: Callable[[str], str] = lambda disks: disks.partition(":")[0]
    port: int = 0
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    _back: float = 0

    @property
    def conf(self) -> dict[str, str]:
        """The job.conf that leads a guest with plain user networking here."""
        return {"api": f"http://10.0.2.2:{self.port}", "token": TOKEN}

    def forms(self, name: str) -> list[dict[str, str]]:
        return [form for called, form in self.calls if called == name]

    def wait(self, name: str, timeout: float = 120) -> dict[str, str]:
        """The form of the first call of that name; a report of failure ends the wait."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            for called, form in list(self.calls):
                if called == name:
                    return form
                assert called != "failed", form
            time.sleep(0.05)
        raise AssertionError(f"no {name} within {timeout} s; came: {self.calls[-5:]}")

    @property
    def is_absent(self) -> bool:
        reports = self.forms("progress")
        if not self._back and reports and reports[-1]["phase"] == self.absent_at:
            self._back = time.monotonic() + self.absent
        return time.monotonic() < self._back

    def answer(self, name: str, form: dict[str, str]) -> tuple[int, bytes]:
        if name == "checkin" and self.told:
            return 200, shell_lines({**self.told, "disk": self.choose(form["disks"])}).encode()
        if name == "verified" and "zeros" in form:
            return (200 if form["zeros"] == form["blocks"] else 422), b""
        if name == "checkin":
            reply = {
                "errand": "install",
                "image_size": str(self.image.size),
                "image_sha256": self.sha256 or self.image.sha256,
                "image_encoding": self.image.encoding,
                "disk": self.choose(form["disks"]),
                "seed": " ".join(self.seed),
                "seed_label": LABELS.get(self.image.seed, "CIDATA"),
                "nonce_echo": "",
            }
            return 200, shell_lines(reply).encode()
        if name == "progress" and form["phase"] == self.cancel_at:
            return 409, b""
        if name == "verified" and form["sha256"] != (self.sha256 or self.image.sha256):
            return 422, b""
        if name == "proof" and self.proof_statuses:
            return self.proof_statuses.pop(0), b""
        return 200, b"go='1'\n"


@contextmanager
def serving(peer: Peer) -> Iterator[Peer]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None: ...

        def reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def allowed(self, token: str) -> bool:
            return self.headers["Authorization"] == f"Bearer {token}"

        def do_POST(self) -> None:
            name = self.path.removeprefix(PREFIX)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {key: values[0] for key, values in parse_qs(body, keep_blank_values=True).items()}
            peer.calls.append((name, form))
            if peer.is_absent:
                self.close_connection = True
                return
            wanted = PROOF_TOKEN if name == "proof" else TOKEN
            self.reply(*(peer.answer(name, form) if self.allowed(wanted) else (401, b"")))

        def do_GET(self) -> None:
            name = self.path.removeprefix(PREFIX)
            peer.calls.append((name, {}))
            if not self.allowed(TOKEN):
                return self.reply(401, b"")
            if name.startswith("seed/"):
                return self.reply(200, peer.seed[name.removeprefix("seed/")])
            content = peer.image.path.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            try:
                peer.breaks -= 1
                self.wfile.write(content[: peer.send] if peer.breaks >= 0 else content)
            except OSError:
                pass  # the guest went away, as a cancelled one does

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    peer.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
