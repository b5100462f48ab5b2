"""The page has Chinese words for what the service says by MessageId and by name."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from bmc.model import errors
from bmc.model.caller import Door
from bmc.model.node import without
from bmc.redfish.messages import PLACE, TEMPLATES
from bmc.redfish.registries import MESSAGES

ROOT = Path(__file__).parents[2]
CHINESE: dict[str, str] = json.loads((ROOT / "web/src/words/zh-CN.json").read_text())
BY_ID = {key: text for key, text in CHINESE.items() if re.match(r"(Base|Lightsout)\.", key)}
CONSOLES = (
    *("bmc/http/console.py", "bmc/redfish/closing.py", "bmc/accounts/decision.py", "bmc/node/consoles.py"),
    *("bmc/console/audience.py", "bmc/console/screen.py", "bmc/console/serial.py", "bmc/virtual_node/console.py"),
    *("bmc/socket_stream.py", "robots/ipmi_console.py", "robots/redfish_console.py", "robots/serial.py"),
)
"""Where it is said why a console ends, or does not do what was asked."""
NOT_OF_CONSOLES = re.compile(
    "the viewer left|a console needs a session|SSH carries|the session has ended|.* concerns the whole fleet|"
    ".* did not show itself in|it closed the connection|it does not answer as RFC 2217"
)
"""Said there of something else, or to somebody else: who has no session signs in, and the page opens no SSH."""
STEP = re.compile(r'Step\("([^"]+)"|(?:dis)?arming = \("([^"]+)"')


def test_every_message_of_the_registries_is_there_in_chinese_and_no_other() -> None:
    ours = {re.sub(r"\.\d+\.\d+\.", ".", name) for name in MESSAGES}
    assert {key.partition("_")[0] for key in BY_ID} == ours | {f"Base.{name}" for name in TEMPLATES}


def test_a_chinese_message_asks_for_no_argument_that_is_not_sent() -> None:
    for name, template in TEMPLATES.items():
        asked = set(re.findall(r"{{(\d)}}", BY_ID[f"Base.{name}"]))
        assert asked <= set(PLACE.findall(template.text)), name


def test_every_step_of_a_job_has_its_words() -> None:
    sources = [path.read_text() for path in sorted((ROOT / "bmc" / "reinstall").glob("*.py"))]
    steps = {one or other for source in sources for one, other in STEP.findall(source)}
    assert len(steps) > 15
    table = (ROOT / "web/src/reinstall/words.ts").read_text()
    known = set(re.findall(r'^  "?([a-z -]+)"?: "', table, re.MULTILINE))
    assert steps <= known


def text_of(value: ast.expr) -> str | None:
    """With something in the place of each value; None: it is no text."""
    match value:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(text_of(part) or "" for part in parts)
        case ast.FormattedValue(conversion=conversion):
            return repr("x1") if conversion == ord("r") else "x1"
    return None


def reasons_in(path: str) -> Iterator[str]:
    """Why something was refused or failed; but not how a client's words are no RFB, as noVNC's always are."""
    for found in ast.walk(ast.parse((ROOT / path).read_text())):
        match found:
            case ast.Raise(exc=ast.Call(func=ast.Name(id=name), args=[said, *_])) if name != "InvalidRequest":
                yield text_of(said) or ""
            case ast.Return(value=ast.Tuple(elts=[_, said])) | ast.Assign(value=ast.Tuple(elts=[_, said])):
                yield text_of(said) or ""


def test_every_reason_why_a_console_ends_has_its_words() -> None:
    source = (ROOT / "web/src/console/reasons.ts").read_text()
    known = [re.compile(row.replace("(?<", "(?P<")) for row in re.findall(r"^ +\[?/(\^.+?\$)/,", source, re.MULTILINE)]
    assert len(known) == source.count("/^")
    said = {text for path in CONSOLES for text in reasons_in(path) if len(text) > 8}
    said |= {without("n1", "serial console", {}), without("n1", "serial console", {"serial console": "give it one"})}
    assert len(said) > 25
    assert {text for text in said if not any(row.search(text) for row in known)} == {
        text for text in said if NOT_OF_CONSOLES.match(text)
    }


def rows_of(table: str) -> set[str]:
    source = (ROOT / "web/src/timeline/words.ts").read_text()
    rows = source.partition(f"const {table}: ")[2].partition("};")[0]
    return set(re.findall(r'^  "?([\w ]+)"?: ', rows, re.MULTILINE))


def test_every_door_has_its_words_and_an_address_where_one_comes_from_afar() -> None:
    doors = {door.value for door in Door}
    assert rows_of("DOORS") == doors
    assert rows_of("FROM") == doors - {Door.HOST.value, Door.JOB.value, Door.SERVICE.value}


def test_every_way_in_which_a_request_fails_has_its_words() -> None:
    classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.BmcError)]
    assert {each.__name__ for each in classes} - {"BmcError"} <= rows_of("OUTCOMES")
