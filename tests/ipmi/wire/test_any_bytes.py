"""Whatever the bytes are, a decoder raises its own error or nothing."""

import contextlib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bmc.ipmi.wire
from bmc.ipmi.wire.crypto import SUITE_3, SUITE_17, SessionKeys
from bmc.ipmi.wire.errors import WireError
from bmc.ipmi.wire.packet import split_trailer
from bmc.ipmi.wire.rmcp import rmcp_class

Decoder = Callable[[bytes], Any]


def found() -> Iterator[Decoder]:
    """Every `unpack` of a class and every `unpack_…` function of the codec that needs nothing but the bytes."""
    for module_info in pkgutil.iter_modules(bmc.ipmi.wire.__path__):
        module = importlib.import_module(f"bmc.ipmi.wire.{module_info.name}")
        for name, value in vars(module).items():
            if getattr(value, "__module__", "") != module.__name__:
                continue
            decode = getattr(value, "unpack", None) if inspect.isclass(value) else value
            if decode is not None and (inspect.isclass(value) or name.startswith("unpack")):
                needed = [p for p in inspect.signature(decode).parameters.values() if p.default is p.empty]
                if len(needed) == 1:
                    yield decode


DECODERS: list[Decoder] = [
    *found(),
    rmcp_class,
    *(SessionKeys(suite, b"k" * suite.code_length, b"a" * 16).decrypt for suite in (SUITE_3, SUITE_17)),
]
NAMED = [pytest.param(decode, id=decode.__qualname__) for decode in DECODERS]


def test_the_codec_is_found():
    names = {decode.__qualname__ for decode in DECODERS}
    assert {"Message.unpack", "PlusPacket.unpack", "Rakp1.unpack", "ConsolePacket.unpack", "unpack_guid"} <= names


@pytest.mark.parametrize("decode", NAMED)
@given(data=st.binary(max_size=80))
def test_a_decoder_raises_its_own_error_and_nothing_else(decode, data):
    with contextlib.suppress(WireError):
        decode(data)


@pytest.mark.parametrize("decode", NAMED)
@given(data=st.data())
def test_what_was_decoded_packs_into_something_that_decodes_alike(decode, data):
    """Reserved bits may be lost on the way, what they surround may not."""
    raw = data.draw(st.binary(max_size=80))
    try:
        message = decode(raw)
    except WireError:
        return
    if hasattr(message, "pack"):
        assert decode(message.pack()) == message


@pytest.mark.slow
@pytest.mark.parametrize("decode", NAMED)
@settings(max_examples=5000)
@given(data=st.binary(max_size=600))
def test_a_decoder_raises_its_own_error_and_nothing_else_for_long(decode, data):
    with contextlib.suppress(WireError):
        decode(data)


@given(datagram=st.binary(max_size=80), length=st.integers(0, 70), code=st.sampled_from([12, 16]))
def test_a_trailer_is_split_or_refused(datagram, length, code):
    with contextlib.suppress(WireError):
        split_trailer(datagram, length, code)
