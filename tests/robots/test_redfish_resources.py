"""What is made of what BMCs tell: names, scales, severities; and that no nonsense of theirs breaks anything."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmc.model.events import Severity
from bmc.model.sensor import Threshold, Unit
from bmc.records.sensors import scale_of
from robots.redfish_log import _at, _event, _mark
from robots.redfish_model import _console
from robots.redfish_resources import link_of, links_of, number, rows, table, text
from robots.redfish_sensors import LARGEST, _sensor, _short, _told

KEYS = st.sampled_from(
    [
        *("@odata.id", "Id", "Name", "Members", "Status", "State", "Reading", "ReadingUnits", "Thresholds", "Created"),
        *("Temperatures", "Fans", "Voltages", "PowerControl", "ReadingCelsius", "UpperThresholdCritical", "MemberId"),
        *("UpperCaution", "ReadingRangeMax", "SerialConsole", "WebSocket", "ConsoleURI", "Severity", "Message"),
    ]
)
NONSENSE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=24,
)
FIGURES = st.none() | st.integers(-300, 60000) | st.floats() | st.floats(-50, 300)
SENSORS = st.fixed_dictionaries(
    {"ReadingUnits": st.sampled_from([unit.value for unit in Unit]), "Name": st.text(max_size=30)},
    optional={
        "Reading": FIGURES,
        "ReadingRangeMin": FIGURES,
        "ReadingRangeMax": FIGURES,
        "Thresholds": st.dictionaries(
            st.sampled_from([threshold.value for threshold in Threshold]),
            st.fixed_dictionaries({"Reading": FIGURES}),
            max_size=3,
        ),
    },
)
BODIES = st.dictionaries(KEYS, NONSENSE, max_size=8) | st.fixed_dictionaries({"Members": st.lists(SENSORS, max_size=3)})


@given(BODIES)
def test_no_nonsense_breaks_what_reads_it(body: dict[str, Any]):
    taken: set[str] = set()
    for told in _told(body):
        if any(abs(figure) > LARGEST for figure in told.figures):
            continue
        sensor = _sensor(told, "/source", _short(told.name, taken))
        assert 1 <= len(sensor.name) <= 16
        assert sensor.name.isascii()
        scale_of(sensor.info)
    table(body, "Status", "State")
    link_of(body, "Members")
    links_of(body, "Members")
    rows(body, "Members")
    number(body, "Reading")
    text(body, "Name")
    _console(body)
    _mark(body)
    _at(body)
    _event(body)


@given(st.lists(st.text(max_size=40), max_size=30))
def test_names_of_sensors_stay_apart_even_without_their_blanks(names: list[str]):
    taken: set[str] = set()
    found = [_short(name, taken) for name in names]
    assert len({name.replace(" ", "") for name in found}) == len(found)
    assert all(1 <= len(name) <= 16 and name.isascii() and name == name.strip() for name in found)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("CPU1 Temp", "CPU1 Temp"),
        ("Chassis Intake Temp", "Chass Intak Temp"),
        ("System Board Inlet Temperature", "Board Inlet Temp"),
        ("Power Supply 1 Input Voltage", "PSU 1 Input Volt"),
        ("09-P1 DIMM 1-6", "09-P1 DIMM 1-6"),
        ("温度", "Sensor"),
    ],
)
def test_long_names_of_sensors_are_said_shorter(name: str, short: str):
    assert _short(name, set()) == short


def test_two_sensors_of_one_name_are_numbered():
    taken: set[str] = set()
    assert [_short(name, taken) for name in ("Fan", "Fan", "F an")] == ["Fan", "Fan 2", "F an 3"]


VOLTAGES = {
    "Voltages": [
        {"Name": "12V", "MemberId": "1", "ReadingVolts": 12.1, "LowerThresholdCritical": 10.8},
        {"Name": "PSU In", "MemberId": "2", "ReadingVolts": 232, "Status": {"State": "Enabled"}},
        {"Name": "Gone", "MemberId": "3", "ReadingVolts": None, "Status": {"State": "Absent"}},
        {"Name": "Off", "MemberId": "4", "ReadingVolts": None},
    ],
    "PowerControl": [{"MemberId": "0", "PowerConsumedWatts": 344, "PowerCapacityWatts": 800}],
}


def test_the_scale_of_a_sensor_holds_what_is_told_of_it():
    sensors = [_sensor(told, "/Power", told.name) for told in _told(VOLTAGES)]
    assert [(each.name, each.key, each.unit, each.maximum) for each in sensors] == [
        ("12V", "Voltages/1", Unit.VOLTS, 16.0),
        ("PSU In", "Voltages/2", Unit.VOLTS, 300.0),
        ("Off", "Voltages/4", Unit.VOLTS, 2.55),
        ("PowerControl Power", "PowerControl/0", Unit.WATTS, 800.0),
    ]
    assert sensors[0].thresholds == {Threshold.LOWER_CRITICAL: 10.8}


@pytest.mark.parametrize(
    ("entry", "severity", "at"),
    [
        ({"Severity": "Critical", "Created": "2024-05-01T10:00:00Z"}, Severity.CRITICAL, 1714557600),
        ({"Severity": "OK", "Created": "2024-05-01T12:00:00+02:00"}, Severity.OK, 1714557600),
        ({"Severity": None, "Created": "soon"}, Severity.WARNING, None),
        (
            {"Severity": "Warning", "Created": "2024-05-01T10:00:05Z", "EventTimestamp": "2024-05-01T10:00:00Z"},
            Severity.WARNING,
            1714557600,
        ),
    ],
)
def test_an_entry_of_the_log_is_an_event_of_its_severity_and_time(entry, severity, at):
    event = _event({"Message": "a fan failed", **entry})
    assert (event.message, event.severity, event.at) == ("a fan failed", severity, at)
