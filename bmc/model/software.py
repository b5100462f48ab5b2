"""What software the service and its nodes run, as told to operators."""

from dataclasses import dataclass

from bmc.model.boot import BootMode


@dataclass(frozen=True, slots=True)
class Software:
    """`version` is None where it cannot be told.

    It belongs to the nodes of `driver`, or with `firmware` to those of them that boot so; to none in particular if
    there is no driver.
    """

    id: str
    name: str
    version: str | None
    driver: str = ""
    firmware: BootMode | None = None
