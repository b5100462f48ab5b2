"""What a virtual node is made of: its options as an operator writes them; every error names its key path."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    SerializerFunctionWrapHandler,
    StringConstraints,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from bmc.model.errors import InvalidOptions
from bmc.model.mac import parse_card_mac

Serial = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,20}$")]
Mac = Annotated[str, AfterValidator(parse_card_mac)]

Interface = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$")]
NetworkName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$")]

USER = "user"
MIB = 1024 * 1024
GIB = 1024 * MIB
SATA_DISKS = 5  # q35 has six SATA lines, and cd0 takes one


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DiskOptions(_Options):
    """One disk, by `size_gib` or `size_mib`; its serial number is made from the node's UUID unless given."""

    size_gib: int | None = Field(default=None, ge=1, le=65536)
    size_mib: int | None = Field(default=None, ge=1, le=65536 * 1024)
    bus: Literal["virtio", "sata", "scsi", "nvme"] = "virtio"
    serial: Serial | None = None

    @model_validator(mode="after")
    def _one_size(self) -> "DiskOptions":
        if (self.size_gib is None) == (self.size_mib is None):
            raise ValueError("needs exactly one of size_gib and size_mib")
        return self

    @property
    def size(self) -> int:
        """Bytes."""
        return (self.size_gib or 0) * GIB + (self.size_mib or 0) * MIB


class Network(_Options):
    """What a card is on: a bridge or a tap of this host, or a private network among nodes; none of them is "user"."""

    bridge: Interface | None = None
    tap: Interface | None = None
    private: NetworkName | None = None

    @model_validator(mode="wrap")
    @classmethod
    def _user(cls, value: Any, handler: ModelWrapValidatorHandler["Network"]) -> "Network":
        if value == USER:
            return handler({})
        network = handler(value) if isinstance(value, dict | Network) else None
        if network is None or (
            isinstance(value, dict) and [network.bridge, network.tap, network.private].count(None) != 2
        ):
            raise ValueError('expected "user", or exactly one of bridge, tap and private, as {bridge = "br0"}')
        return network

    @model_serializer(mode="wrap")
    def _plain(self, handler: SerializerFunctionWrapHandler) -> str | dict[str, str]:
        return {key: name for key, name in handler(self).items() if name} or USER

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"const": USER}, handler.resolve_ref_schema(handler(schema))]}

    @property
    def interface(self) -> str:
        """The host's interface that it takes; empty if none."""
        return self.bridge or self.tap or ""


USER_NETWORK = Network.model_validate(USER)


class NicOptions(_Options):
    """One network card. A MAC that is not given is made from the node's UUID, so it stays the same."""

    mac: Mac | None = None
    model: Literal["virtio", "e1000e"] = "virtio"
    network: Network = USER_NETWORK


class VirtualNodeOptions(_Options):
    cpus: int = Field(default=1, ge=1, le=255)
    memory_mib: int = Field(default=512, ge=64, le=16 * 1024 * 1024)
    firmware: Literal["bios", "uefi"] = "bios"
    accelerator: Literal["auto", "kvm", "tcg"] = "auto"
    disks: tuple[DiskOptions, ...] = Field(default=(DiskOptions(size_gib=2),), max_length=16)
    nics: tuple[NicOptions, ...] = Field(default=(NicOptions(),), max_length=8)

    @model_validator(mode="after")
    def _fits_the_machine(self) -> "VirtualNodeOptions":
        if sum(disk.bus == "sata" for disk in self.disks) > SATA_DISKS:
            raise ValueError(f"disks: at most {SATA_DISKS} may have bus sata")
        serials = [disk.serial for disk in self.disks if disk.serial]
        macs = [nic.mac for nic in self.nics if nic.mac]
        if len(set(serials)) != len(serials):
            raise ValueError("disks: two have the same serial")
        if len(set(macs)) != len(macs):
            raise ValueError("nics: two have the same mac")
        taps = [nic.network.tap for nic in self.nics if nic.network.tap]
        if len(set(taps)) != len(taps):
            raise ValueError("nics: two have the same tap")
        return self


def parse_options(options: Mapping[str, object], uuid: UUID) -> VirtualNodeOptions:
    """The checked options, with serials and MACs filled in.

    :raise InvalidOptions: every problem, each with its key path from `options` on.
    """
    try:
        parsed = VirtualNodeOptions.model_validate(dict(options))
    except ValidationError as error:
        raise InvalidOptions(error.errors()) from None
    disks = [
        disk if disk.serial else disk.model_copy(update={"serial": f"LO{uuid.hex[:12].upper()}-{index}"})
        for index, disk in enumerate(parsed.disks)
    ]
    nics = [
        nic if nic.mac else nic.model_copy(update={"mac": derive_mac(uuid, index)})
        for index, nic in enumerate(parsed.nics)
    ]
    return parsed.model_copy(update={"disks": tuple(disks), "nics": tuple(nics)})


def complete_options(options: Mapping[str, object], uuid: UUID) -> dict[str, object]:
    """What to store of a new node: its options with MACs and serials written out. :raise InvalidRequest: as above."""
    return parse_options(options, uuid).model_dump(mode="json", exclude_none=True)


def derive_mac(uuid: UUID, index: int) -> str:
    """QEMU's prefix and three bytes that depend on the node and the card alone."""
    digest = hashlib.sha256(uuid.bytes + bytes([index])).hexdigest()
    return f"52:54:00:{digest[0:2]}:{digest[2:4]}:{digest[4:6]}"
