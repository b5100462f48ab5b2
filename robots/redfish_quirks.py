"""What vendors do otherwise than the standard says, as data: a row each, with where it is documented."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bmc.model.boot import BootTarget


@dataclass(frozen=True, slots=True)
class Quirks:
    """`targets`: other names for boot targets, where the BMC offers them. `tells_mode`: the boot mode must be told with
    every override; `takes_mode`: it may be told at all. `cleared` is the target of an override that is disabled.
    `not_slots`: beginnings of the ids of virtual drives that take no URL.
    """

    targets: Mapping[BootTarget, str] = field(default_factory=dict)
    tells_mode: bool = False
    takes_mode: bool = True
    cleared: str = BootTarget.NONE.value
    not_slots: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Row:
    """For machines whose Manufacturer begins so, but those whose Model begins with one of `but`; in lower case."""

    manufacturer: str
    quirks: Quirks
    but: tuple[str, ...] = ()


TABLE = (
    _Row(
        "supermicro",
        Quirks(
            # A virtual CD is seen as a USB CD; from Cd the machine does not boot it. OpenStack sushy,
            # sushy/resources/system/system.py, set_system_boot_options, which lists the models for which it is not so.
            targets={BootTarget.CD: "UsbCd"},
            # A mode that is not told goes back to its default. DMTF Redfishtool, pull request 106.
            tells_mode=True,
        ),
        but=("ars-111gl-nhr",),
    ),
    _Row(
        "hpe",
        Quirks(
            # BootSourceOverrideMode is not writable. ansible-collections/community.general, issue 3509.
            takes_mode=False,
            # BootSourceOverrideEnabled is refused while the target is None. ironcore-dev/metal-operator, pull request
            # 998.
            cleared=BootTarget.PXE.value,
        ),
    ),
    _Row(
        "lenovo",
        # Of the ten drives of an XCC only the EXT ones take a URL. lenovo/python-redfish-lenovo, issue 21.
        Quirks(not_slots=("RDOC", "Remote")),
    ),
    _Row(
        "sushy emulator",
        # Its overrides last, None is no device, and what is left to boot is the disk. sushy-tools,
        # sushy_tools/emulator/resources/systems/libvirtdriver.py, set_boot_device.
        Quirks(cleared=BootTarget.HDD.value),
    ),
)
"""What needs no row, because it is done for every machine: settings resources for Boot (Dell iDRAC10: stmcginnis/gofish
pull request 511; AMI: DMTF/Redfish-Tacklebox issue 144), InsertMedia without Inserted and WriteProtected (Supermicro)
and PATCH where there is no such action (Lenovo), parameters that are told to be missing (Cisco), an empty object as the
body of EjectMedia (HPE): all four as in sushy/resources/manager/virtual_media.py. GracefulRestart is never sent (a hard
reset at iDRAC 8: dell/iDRAC-Redfish-Scripting issue 29): the node shuts down and turns on.
"""


def quirks_of(manufacturer: str, model: str) -> Quirks:
    for row in TABLE:
        if manufacturer.lower().startswith(row.manufacturer) and not model.lower().startswith(row.but):
            return row.quirks
    return Quirks()
