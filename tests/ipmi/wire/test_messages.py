"""Every message both ways; the requests are what ipmitool 1.8.19, FreeIPMI 1.6.10 and pyghmi 1.6.19 send."""

from uuid import UUID

import pytest

from bmc.ipmi.wire import app, boot, channel, chassis, discovery, lan, payload, rakp, session, sol, user, watchdog
from bmc.ipmi.wire.crypto import SUITE_3, SUITE_17
from bmc.ipmi.wire.errors import WireError
from bmc.ipmi.wire.message import Answer, Message, checksum
from bmc.ipmi.wire.packet import PlusPacket, SessionlessPacket
from bmc.ipmi.wire.rmcp import PresencePing, PresencePong, rmcp_class
from bmc.model.watchdog import PreTimeout, WatchdogAction, WatchdogSetting, WatchdogUse

RANDOM = bytes.fromhex("0a782dd63354c491df9cca8b75980838")
GUID = bytes.fromhex("201f9e3c5b0d778a5e4c1d9b402a1c6f")

MESSAGES = [
    (app.DeviceId(0x20, 1, 1, 0, 0x80, 0, 0), "200101000280000000000000000000"),
    (app.DeviceId(0x20, 1, 2, 57, 0xBF, 7154, 0x1234, b"\x01\x02\x03\x04"), "2001025702bff21b00341201020304"),
    (channel.AuthCapabilitiesRequest(0x0E, 4), "8e04"),
    (channel.AuthCapabilitiesRequest(0x0E, 2, extended=False), "0e02"),
    (channel.AuthCapabilities(1), "0180040200000000"),
    (channel.AuthCapabilities(1, extended=False), "0100040000000000"),
    (channel.CipherSuitesRequest(0x0E), "0e0080"),
    (channel.CipherSuitesRequest(1, index=3, by_suite=False), "010003"),
    (channel.ChannelAccessRequest(1, volatile=True), "0180"),
    (channel.ChannelAccessRequest(1, volatile=False), "0140"),
    (channel.ChannelAccess(4), "2204"),
    (channel.ChannelAccess(4, alerting=True), "0204"),
    (channel.ChannelInfo(1, 2), "01040182f21b000000"),
    (session.SetPrivilege(4), "04"),
    (session.CloseSession(0xBE3E11F1), "f1113ebe"),
    (session.CloseSession(0, handle=3), "0000000003"),
    (session.SessionInfoRequest(1), "01"),
    (session.SessionInfoRequest(session.BY_HANDLE, handle=5), "fe05"),
    (session.SessionInfoRequest(session.BY_ID, session_id=0x01020304), "ff04030201"),
    (session.SessionInfo(1, 32, 1, 2, 4, bytes((127, 0, 0, 1)), 0x5EBA), "01200102 0411 7f000001 000000000000 ba5e"),
    (session.SessionInfo(0, 32, 1), "002001"),
    (user.UserAccessRequest(1, 15), "010f"),
    (user.UserAccess(3, 1, 4, enabled=True, messaging=True), "0f430114"),
    (user.UserAccess(3, 1, 0xF, enabled=False, messaging=False), "0f83010f"),
    (user.UserAccess(2, 1, 2, enabled=True, messaging=True, link=True, callback=True), "0f420172"),
    (user.UserNameRequest(15), "0f"),
    (user.SetUserAccess(1, 3, 3, user.AccessBits(callback=False, link=True, messaging=True), 0), "b1030300"),
    (user.SetUserAccess(1, 3, 15, user.AccessBits(callback=True, link=False, messaging=False)), "c1030f"),
    (user.SetUserAccess(14, 3, 4), "0e0304"),
    (user.SetUserName(3, b"bob"), "03 626f62" + "00" * 13),
    (user.SetUserPassword(3, user.PasswordOperation.DISABLE), "0300"),
    (user.SetUserPassword(3, user.PasswordOperation.SET, b"PW"), "0302 5057" + "00" * 14),
    (user.SetUserPassword(3, user.PasswordOperation.TEST, b"PW", 20), "8303 5057" + "00" * 18),
    (user.SetUserPayloadAccess(1, 3, True, 2), "0103 0200 0000"),
    (user.SetUserPayloadAccess(1, 3, False, 2, 1), "0143 0200 0100"),
    (channel.SetChannelAccess(1, channel.Where.STORED, 2, True, channel.Where.PRESENT, 4), "014284"),
    (channel.SetChannelAccess(1, channel.Where.PRESENT, 2, False, channel.Where.NEITHER, 0), "01a200"),
    (channel.SecurityKeys(1, channel.KeyOperation.READ, channel.KeyKind.GENERATION), "010001"),
    (channel.SecurityKeys(1, channel.KeyOperation.SET, channel.KeyKind.RANDOM, b"k" * 20), "010100" + "6b" * 20),
    (lan.SetParameter(1, 4, b"\x01"), "010401"),
    (payload.ActivateRequest(1, 1), "0101c0000000"),
    (payload.DeactivateRequest(1, 1), "010100000000"),
    (payload.EncryptionRequest(1, 1, payload.Encryption.RESUME), "010101"),
    (payload.PayloadInstance(1, 1), "0101"),
    (payload.ActivateResponse(255, 255, 623), "00000000ff00ff006f02ffff"),
    (chassis.ChassisControl(chassis.ControlAction.POWER_CYCLE), "02"),
    (chassis.ChassisControl(chassis.ControlAction.SOFT_SHUTDOWN), "05"),
    (chassis.ChassisStatus(power=False), "60004000"),
    (chassis.ChassisStatus(True, 2, True, True, chassis.IdentifyState.INDEFINITE), "41186000"),
    (chassis.ChassisStatus(False, 1, identify=chassis.IdentifyState.TIMED, mains_lost=True), "20015000"),
    (chassis.ChassisCapabilities(), "0020202020"),
    (chassis.ChassisCapabilities(True, b"\x20\x20\x20\x20\x20"), "042020202020"),
    (watchdog.SetTimer(WatchdogSetting(countdown=300.0), clear=frozenset({WatchdogUse.SMS_OS})), "04000010b80b"),
    (
        watchdog.SetTimer(
            WatchdogSetting(WatchdogUse.OEM, WatchdogAction.POWER_DOWN, 6553.5, PreTimeout.MESSAGING, 255, log=False),
            keeps_running=True,
        ),
        "c532ff00ffff",
    ),
    (watchdog.Timer(WatchdogSetting(), True, frozenset(WatchdogUse), 0.1), "4400003e00000100"),
    (chassis.ChassisIdentify(20), "14"),
    (chassis.ChassisIdentify(None), "0001"),
    (boot.SetBootOption(0, b"\x01"), "0001"),
    (boot.SetBootOption(4, b"\x01\x01"), "040101"),
    (boot.SetBootOption(5, bytes.fromhex("e014000000")), "05e014000000"),
    (boot.SetBootOption(3, b"\x08", invalid=True), "8308"),
    (boot.GetBootOption(5), "050000"),
    (boot.BootFlags(True, True, True, boot.Device.CD), "e014000000"),
    (boot.BootFlags(True, False, False, boot.Device.PXE), "8004000000"),
    (boot.BootFlags(), "0000000000"),
    (lan.GetParameter(1, 26), "011a0000"),
    (lan.SetParameter(1, 3, b"\x05\x60"), "01030560"),
    (lan.GetParameter(0x0E, 8), "0e080000"),
    (lan.GetParameter(1, 0, revision_only=True), "81000000"),
    (
        rakp.OpenSessionRequest(0, 0, 0xA0A2A3A4, 3, 4, 1),
        "00000000 a4a3a2a0 00000008 03000000 01000008 04000000 02000008 01000000",
    ),
    (
        rakp.OpenSessionRequest(7, 4, 1, None, None, None),
        "07040000 01000000 00000000 00000000 01000000 00000000 02000000 00000000",
    ),
    (
        rakp.OpenSessionResponse(0, 4, 0xA0A2A3A4, 0xB26A69C8, 3, 4, 1),
        "00000400 a4a3a2a0 c8696ab2 00000008 03000000 01000008 04000000 02000008 01000000",
    ),
    (
        rakp.Rakp1(0, 0xB26A69C8, RANDOM, 0x14, b"admin"),
        "00000000 c8696ab2 0a782dd63354c491df9cca8b75980838 14 0000 05 61646d696e",
    ),
    (
        rakp.Rakp2(0, 0xA0A2A3A4, RANDOM, GUID, b"\xaa" * 20),
        f"00000000 a4a3a2a0 {RANDOM.hex()} {GUID.hex()} {'aa' * 20}",
    ),
    (rakp.Rakp3(0, 0, 0xB26A69C8, b"\xbb" * 32), f"00000000 c8696ab2 {'bb' * 32}"),
    (rakp.Rakp3(0, 0x0F, 0xB26A69C8), "000f0000 c8696ab2"),
    (rakp.Rakp4(0, 0xA0A2A3A4, b"\xcc" * 16), f"00000000 a4a3a2a0 {'cc' * 16}"),
    (rakp.Refusal(0, 0x0D, 0xA0A2A3A4), "000d0000 a4a3a2a0"),
    (sol.ConsolePacket(1, data=b"ls\r"), "01000000 6c730d"),
    (sol.ConsolePacket(0, ack=1, accepted=10), "00010a00"),
    (sol.ConsolePacket(2, generate_break=True), "02000010"),
    (sol.ConsolePacket(3, nack=True, pause=True), "03000048"),
    (discovery.CommandRange(0x0E, 6), "0e0600"),
    (discovery.CommandRange(1, 0x2C, first=128, body=b"\xdc"), "016c00dc"),
    (sol.ConsolePacket(4, flush_inbound=True), "04000002"),
    (sol.ConsolePacket(5, flush_outbound=True), "05000001"),
    (sol.BmcPacket(1, data=b"n1 login: "), "01000000 6e31206c6f67696e3a20"),
    (sol.BmcPacket(0, ack=3, accepted=7, nack=True, unavailable=True, deactivated=True), "00030770"),
    (PresencePing(0x2A), "0600ff06 000011be 80 2a 00 00"),
    (PresencePong(0x2A), "0600ff06 000011be 40 2a 00 10 000011be 00000000 81 00 000000000000"),
    (Message(0x06, 0x38, b"\x8e\x04"), "20 18 c8 81 00 38 8e 04 b5"),
    (Message(0x00, 0x08, bytes.fromhex("05e014000000"), 8, 0, 0x81, 0), "2000e081200805e0140000005e"),
    (SessionlessPacket(b"\x20\x18\xc8"), "0600ff07 00 00000000 00000000 03 2018c8"),
    (PlusPacket(0x10, 0, 0, b"\x01\x02"), "0600ff07 06 10 00000000 00000000 0200 0102"),
]


@pytest.mark.parametrize(("message", "wire"), MESSAGES)
def test_both_ways(message, wire):
    assert message.pack() == bytes.fromhex(wire)
    assert type(message).unpack(bytes.fromhex(wire)) == message


# What has more than one spelling on the wire, or is only ever read.
READ = [
    (user.SetUserPassword, "0301" + "00" * 16, user.SetUserPassword(3, user.PasswordOperation.ENABLE)),
    (chassis.ChassisIdentify, "", chassis.ChassisIdentify(15)),
    (chassis.ChassisIdentify, "0a00", chassis.ChassisIdentify(10)),
    (payload.ActivateRequest, "0101c6000000", payload.ActivateRequest(1, 1)),
    (payload.ActivateRequest, "010108000000", payload.ActivateRequest(1, 1, encrypt=False, authenticate=False)),
    (rakp.OpenSessionRequest, "4d" + "00" * 7 + "0000000801000000010000080100000002000008" + "01000000", None),
]


@pytest.mark.parametrize(("kind", "wire", "message"), READ)
def test_other_spellings_are_read_alike(kind, wire, message):
    read = kind.unpack(bytes.fromhex(wire))
    assert message is None or read == message


REFUSED = [
    (chassis.ChassisControl, "06"),
    (chassis.ChassisControl, ""),
    (chassis.ChassisIdentify, "000000"),
    (chassis.ChassisStatus, "000070"),
    (chassis.ChassisCapabilities, "0220202020"),
    (chassis.ChassisCapabilities, "00202020"),
    (watchdog.SetTimer, "0400000000"),
    (watchdog.SetTimer, "060000000000"),
    (watchdog.SetTimer, "040400000000"),
    (watchdog.SetTimer, "041000000000"),
    (watchdog.Timer, "040000000000"),
    (boot.BootFlags, "8084000000"),
    (boot.BootFlags, "800c000000"),
    (boot.BootFlags, "800400000001"),
    (boot.BootFlags, "8004020000"),
    (boot.SetBootOption, ""),
    (channel.ChannelAccessRequest, "01c0"),
    (channel.AuthCapabilitiesRequest, "8e"),
    (session.SessionInfoRequest, ""),
    (session.SessionInfoRequest, "fe"),
    (session.SessionInfo, "01200102"),
    (session.CloseSession, "00000000"),
    (channel.SetChannelAccess, "01c284"),
    (channel.SetChannelAccess, "0142"),
    (channel.SecurityKeys, "010301"),
    (channel.SecurityKeys, "010002"),
    (channel.SecurityKeys, "0101"),
    (lan.SetParameter, "01"),
    (user.SetUserAccess, "9103"),
    (user.SetUserAccess, "9103040000"),
    (user.SetUserName, "03626f62"),
    (user.SetUserName, "03 620062" + "00" * 13),
    (user.SetUserPassword, "03"),
    (user.SetUserPassword, "0302 5057" + "00" * 18),
    (user.SetUserPassword, "8302 5057" + "00" * 14),
    (user.SetUserPassword, "0302 500057" + "00" * 13),
    (user.SetUserPayloadAccess, "018302000000"),
    (user.SetUserPayloadAccess, "0103020000"),
    (user.UserNameRequest, "00"),
    (user.UserNameRequest, "10"),
    (rakp.OpenSessionRequest, "00000000a4a3a2a0"),
    (
        rakp.OpenSessionRequest,
        "00000000 a4a3a2a0 01000008 03000000 01000008 04000000 02000008 01000000",
    ),
    (rakp.Rakp1, "00000000c8696ab20a782dd63354c491df9cca8b7598083814000006" + "61646d696e"),
    (rakp.Rakp3, "00000000c8696ab2" + "00" * 65),
    (discovery.CommandRange, "0e2c00"),
    (discovery.CommandRange, "0e0600dc"),
    (discovery.CommandRange, "0e8600"),
    (sol.ConsolePacket, "010000"),
    (PresencePing, "0600ff06000011be4000"),
    (PresencePing, "0600ff06000011be40000000"),
    (Message, "2018c881003b"),
    (Message, "2018c98100388e04b5"),
    (Message, "2018c88100388e04b6"),
    (Message, "301cb481003b0440"),
    (SessionlessPacket, "0600ff0702000000000100000003201"[:-1]),
    (SessionlessPacket, "0600ff07020000000001000000012020"),
    (SessionlessPacket, "0600ff0700000000000000000009ff"),
    (PlusPacket, "0600ff070600"),
    (PlusPacket, "0600ff07060000000000000000000500ff"),
    (PlusPacket, "0600ff070602000000000000000000000000000000000000"),
]


@pytest.mark.parametrize(("kind", "wire"), REFUSED)
def test_what_breaks_the_format_is_a_wire_error(kind, wire):
    with pytest.raises(WireError):
        kind.unpack(bytes.fromhex(wire))


@pytest.mark.parametrize("wire", ["", "06", "0500ff07", "0600ff87"])
def test_what_is_no_rmcp_is_a_wire_error(wire):
    with pytest.raises(WireError):
        rmcp_class(bytes.fromhex(wire))


def test_an_answer_goes_back_to_who_asked():
    request = Message.unpack(bytes.fromhex("2018c881183d0129"))
    wire = request.answer(0, bytes.fromhex("0120010204117f000001000000000000babe"))
    assert wire.hex() == "811c6320183d000120010204117f000001000000000000babe5a"
    answer = Answer.unpack(wire)
    assert (answer.netfn, answer.command, answer.sequence, answer.code) == (0x07, 0x3D, 6, 0)
    assert len(answer.data) == 18


def test_an_answer_is_no_request_and_the_other_way_round():
    request = Message(6, 1)
    with pytest.raises(WireError):
        Message.unpack(b"\x20\x1c\xc4\x81\x00\x01\x7e")
    with pytest.raises(WireError):
        Answer.unpack(request.pack() + b"\x00")


def test_the_checksum_makes_the_sum_zero():
    assert checksum(b"\x20\x18") == 0xC8
    assert checksum(b"") == 0


def test_a_guid_goes_least_significant_byte_first():
    guid = UUID("6f1c2a40-9b1d-4c5e-8a77-0d5b3c9e1f20")
    assert app.pack_guid(guid) == GUID
    assert app.unpack_guid(GUID) == guid


def test_a_name_is_padded_with_zeros():
    assert user.pack_name(b"admin") == b"admin" + bytes(11)
    assert user.unpack_name(b"admin" + bytes(11)) == b"admin"


def test_cipher_suite_records():
    assert channel.suite_records((SUITE_3, SUITE_17)).hex() == "c003014181c011034481"
    assert channel.algorithm_records((SUITE_3, SUITE_17)).hex() == "0103414481"


def test_the_other_payload_messages():
    assert payload.unpack_payload_type(b"\x01") == 1
    assert payload.pack_activation(1, True).hex() == "010100"
    assert payload.pack_instance_info(0xB26A69C8).hex() == "c8696ab2010000000000000" + "0" * 1
    assert payload.pack_support().hex() == "03003f0000000000"
    assert user.pack_payload_access(sol=True).hex() == "02000000"
    assert payload.is_supported(0x10)
    assert not payload.is_supported(0x02)


def test_the_other_chassis_and_parameter_messages():
    assert chassis.pack_restart_cause(chassis.RestartCause.CHASSIS_CONTROL, 1).hex() == "0101"
    assert boot.pack_boot_option(5, bytes(5)).hex() == "01050000000000"
    assert boot.pack_boot_option(3, b"\x1f", invalid=True).hex() == "01831f"
    assert chassis.pack_hours(3 * 3600 + 3599.9).hex() == "3c03000000"
    assert [chassis.unpack_policy(bytes((policy,))) for policy in range(4)] == [0, 1, 2, chassis.NO_CHANGE]
    assert lan.pack_parameter(b"\x01").hex() == "1101"
