"""Whatever the bytes are, a decoder raises its own error or nothing."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmc.ipmi.wire import app, boot, channel, chassis, lan, payload, rakp, session, sol, user, watchdog
from bmc.ipmi.wire.crypto import SUITE_3, SessionKeys
from bmc.ipmi.wire.errors import WireError
from bmc.ipmi.wire.message import Answer, Message
from bmc.ipmi.wire.packet import PlusPacket, SessionlessPacket, split_trailer
from bmc.ipmi.wire.rmcp import PresencePing, PresencePong, rmcp_class

DECODERS = [
    app.DeviceId.unpack,
    app.unpack_guid,
    boot.BootFlags.unpack,
    boot.GetBootOption.unpack,
    boot.SetBootOption.unpack,
    channel.AuthCapabilities.unpack,
    channel.AuthCapabilitiesRequest.unpack,
    channel.ChannelAccess.unpack,
    channel.ChannelAccessRequest.unpack,
    channel.ChannelInfo.unpack,
    channel.CipherSuitesRequest.unpack,
    chassis.ChassisCapabilities.unpack,
    chassis.ChassisControl.unpack,
    chassis.ChassisIdentify.unpack,
    chassis.ChassisStatus.unpack,
    chassis.unpack_policy,
    lan.GetParameter.unpack,
    payload.ActivateRequest.unpack,
    payload.ActivateResponse.unpack,
    payload.DeactivateRequest.unpack,
    payload.PayloadInstance.unpack,
    payload.unpack_payload_type,
    rakp.OpenSessionRequest.unpack,
    rakp.OpenSessionResponse.unpack,
    rakp.Rakp1.unpack,
    rakp.Rakp2.unpack,
    rakp.Rakp3.unpack,
    rakp.Rakp4.unpack,
    rakp.Refusal.unpack,
    session.CloseSession.unpack,
    session.SessionInfo.unpack,
    session.SessionInfoRequest.unpack,
    session.SetPrivilege.unpack,
    sol.BmcPacket.unpack,
    sol.ConsolePacket.unpack,
    user.UserAccess.unpack,
    user.UserAccessRequest.unpack,
    user.UserNameRequest.unpack,
    user.unpack_name,
    watchdog.SetTimer.unpack,
    watchdog.Timer.unpack,
    Answer.unpack,
    Message.unpack,
    PlusPacket.unpack,
    PresencePing.unpack,
    PresencePong.unpack,
    SessionlessPacket.unpack,
    rmcp_class,
    SessionKeys(SUITE_3, b"k" * 20, b"a" * 16).decrypt,
]


@pytest.mark.parametrize("decode", DECODERS, ids=lambda decode: decode.__qualname__)
@given(data=st.binary(max_size=80))
def test_a_decoder_raises_its_own_error_and_nothing_else(decode, data):
    with contextlib.suppress(WireError):
        decode(data)


@given(datagram=st.binary(max_size=80), length=st.integers(0, 70), code=st.sampled_from([12, 16]))
def test_a_trailer_is_split_or_refused(datagram, length, code):
    with contextlib.suppress(WireError):
        split_trailer(datagram, length, code)
