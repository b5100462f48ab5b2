"""Which domain of which libvirt a node is."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bmc.model.errors import InvalidOptions


class LibvirtOptions(BaseModel):
    """`connection` names one of the configuration file; `domain` is a domain's name or UUID there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connection: str = Field(min_length=1, max_length=64)
    domain: str = Field(min_length=1, max_length=255)


def parse_options(options: Mapping[str, object]) -> LibvirtOptions:
    """:raise InvalidOptions: every problem."""
    try:
        return LibvirtOptions.model_validate(dict(options))
    except ValidationError as error:
        raise InvalidOptions(error.errors()) from None
