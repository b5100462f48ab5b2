"""Whatever docs/hooks.md says to type works as it stands there; but for the ports, which are other tests' too."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.conftest import NewService
from tests.e2e.service import LiveService, wait_until
from tests.ports import free_port

PAGE = (Path(__file__).parents[2] / "docs" / "hooks.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def block(language: str, word: str) -> str:
    """The one block of the page that holds `word`."""
    (found,) = (text for kind, text in BLOCKS if kind == language and word in text)
    return str(found)


class Person:
    """Types into bash, in a directory of their own."""

    def __init__(self, service: LiveService, directory: Path, port: int) -> None:
        self._environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "BMC_STATE": str(service.state)}
        self._directory = directory
        self._port = port

    def words(self, text: str) -> list[str]:
        script = f"{block('sh', 'redfish()')}\n{text}".replace("8099", str(self._port))
        return ["bash", "-euo", "pipefail", "-c", script]

    def types(self, text: str) -> str:
        """What is printed; no command may fail."""
        done = subprocess.run(
            self.words(text), cwd=self._directory, env=self._environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, (text, done.stdout, done.stderr)
        return done.stdout

    @contextmanager
    def starts(self, text: str) -> Iterator[Path]:
        """What runs on prints into a file."""
        out = self._directory / "printed"
        with out.open("w") as file:
            process = subprocess.Popen(
                self.words(f"exec 2>&1\n{text}"), cwd=self._directory, env=self._environment, stdout=file,
                start_new_session=True,
            )  # fmt: skip
        try:
            yield out
        finally:
            subprocess.run(["kill", "--", f"-{process.pid}"], check=False)
            process.wait(10)


@pytest.fixture
def service(new_service: NewService) -> LiveService:
    config = "\n".join(text for kind, text in BLOCKS if kind == "toml")
    for port in ("10514", "10025"):
        config = config.replace(port, str(free_port()))
    service = new_service(config=config + '\n[fetch]\nallow = ["127.0.0.0/8"]\n')
    return service.start()


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed")
def test_the_page_works_as_it_stands_there(service: LiveService, tmp_path: Path) -> None:
    port = free_port()
    person = Person(service, tmp_path, port)
    listed = person.types(block("sh", "EventsWaiting"))
    assert all(name in listed for name in ("program-log", "program-chat", "syslog-central", "mail-oncall"))
    with person.starts(block("sh", "Last-Event-ID")) as out:
        service.do("POST", "/redfish/v1/Systems/n1/Actions/Oem/Lightsout.Reserve", {"Reason": "the page"})
        wait_until(lambda: "n1 reserved by admin: the page" in out.read_text(), 20, "the stream")
    service.do("POST", "/redfish/v1/Systems/n1/Actions/Oem/Lightsout.Release", {})
    (tmp_path / "receiver.py").write_text(block("python", "BaseHTTPRequestHandler").replace("8099", str(port)))
    made = person.types(block("sh", "subscription.json"))
    assert '"Context":"mine"' in made
    with person.starts(block("sh", "python3 receiver.py")) as out:
        person.types(block("sh", "SubmitTestEvent"))
        wait_until(lambda: "hello" in out.read_text(), 30, "the receiver")
    hook = block("sh", "exec jq").replace("/var/log/lightsout-events", str(tmp_path / "log"))
    (tmp_path / "hook").write_text(hook)
    (tmp_path / "hook").chmod(0o755)
    event = '{"Events": [{"EventTimestamp": "T", "MessageSeverity": "OK", "Message": "n1 is on"}]}'
    subprocess.run([tmp_path / "hook"], input=event, text=True, check=True)
    assert (tmp_path / "log").read_text() == "T OK n1 is on\n"
    assert len([kind for kind, _ in BLOCKS if kind == "sh"]) == 6, "a new block of commands needs its turn here"
