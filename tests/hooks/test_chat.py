"""The example that posts to a chat, run as the service runs it."""

import json
import subprocess
from pathlib import Path

import pytest

from bmc.hooks import HookSettings
from bmc.hooks.program import ProgramOptions
from bmc.model.events import Severity
from tests.hooks.lab import Receiver, open_lab

CHAT_HOOK = Path(__file__).parents[2] / "docs" / "examples" / "chat-hook"


@pytest.fixture
def url_file(tmp_path: Path, receiver: Receiver) -> Path:
    file = tmp_path / "chat-url"
    file.touch(0o600)
    file.write_text(receiver.url + "\n")
    return file


async def test_a_chat_hears_of_each_event_also_after_it_was_away(
    tmp_path: Path, receiver: Receiver, url_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    program = ProgramOptions(name="chat", command=[str(CHAT_HOOK), str(url_file)])
    async with open_lab(tmp_path, HookSettings(program=[program], retry_attempts=1000)) as lab:
        receiver.mode = "503"
        await lab.tell("n1 is <!channel> & hot\n", severity=Severity.CRITICAL)
        await receiver.was_asked(2)
        receiver.mode = "ok"
        await lab.tell("n1 is well")
        await receiver.has(2, 30)
    texts = [json.loads(got.body)["text"] for got in receiver.got]
    assert texts[0].startswith("🔴 n1 is &lt;!channel&gt; &amp; hot (20")
    assert texts[1].startswith("🟢 n1 is well (")
    assert receiver.url not in caplog.text


@pytest.mark.parametrize(
    ("url", "mode", "said"),
    [
        ("http://localhost:1/T0K3N", 0o600, "cannot be reached: ConnectionRefusedError"),
        ("T0K3N", 0o600, "cannot be reached: ValueError"),
        ("http://localhost:1/T0K3N", 0o640, "others can read"),
    ],
)
def test_what_is_wrong_is_said_without_the_secret(tmp_path: Path, url: str, mode: int, said: str) -> None:
    file = tmp_path / "chat-url"
    file.write_text(url)
    file.chmod(mode)
    record = {"Message": "x", "MessageSeverity": "OK", "EventTimestamp": "2026-01-01T00:00:00Z"}
    given = json.dumps({"Events": [record]})
    done = subprocess.run([CHAT_HOOK, file], input=given, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert said in done.stderr
    assert "T0K3N" not in done.stdout + done.stderr
