"""The page has Chinese words for what the service says by MessageId and by name."""

import json
import re
from pathlib import Path

from bmc.model import errors
from bmc.model.caller import Door
from bmc.redfish.messages import PLACE, TEMPLATES
from bmc.redfish.registries import MESSAGES

ROOT = Path(__file__).parents[2]
CHINESE: dict[str, str] = json.loads((ROOT / "web/src/words/zh-CN.json").read_text())
BY_ID = {key: text for key, text in CHINESE.items() if re.match(r"(Base|Lightsout)\.", key)}
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
