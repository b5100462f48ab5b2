"""Outlets of SNMP PDUs as their makers' MIBs have them. Data only."""

from collections.abc import Mapping
from dataclasses import dataclass

from bmc.model.power import PowerState

ON, OFF = PowerState.ON, PowerState.OFF


@dataclass(frozen=True, slots=True)
class Order:
    """What is written where; `{}` in an OID is the number of the outlet."""

    oid: str
    value: int


@dataclass(frozen=True, slots=True)
class Model:
    """One kind of PDU. `watts` is the real power that an outlet gives, `digits` how many decimal digits that has."""

    sold_as: str
    status: str
    states: Mapping[int, PowerState]
    on: Order
    off: Order
    reboot: Order
    watts: str | None = None
    digits: str | None = None


_APC = "1.3.6.1.4.1.318.1.1"
_EATON = "1.3.6.1.4.1.534.6.6.7.6"
_RARITAN = "1.3.6.1.4.1.13742.6"

MODELS: Mapping[str, Model] = {
    # PowerNet-MIB, rPDU2OutletSwitched and rPDU2OutletMetered. Its states are numbered the other way round than rPDU's.
    "apc": Model(
        sold_as="APC AP8xxx and later (rPDU2)",
        status=f"{_APC}.26.9.2.3.1.5.{{}}",
        states={1: OFF, 2: ON},
        on=Order(f"{_APC}.26.9.2.4.1.5.{{}}", 1),
        off=Order(f"{_APC}.26.9.2.4.1.5.{{}}", 2),
        reboot=Order(f"{_APC}.26.9.2.4.1.5.{{}}", 3),
        watts=f"{_APC}.26.9.4.3.1.7.{{}}",
    ),
    # PowerNet-MIB, rPDUOutletControl and rPDUOutletStatus
    "apc-rpdu": Model(
        sold_as="APC AP79xx (rPDU)",
        status=f"{_APC}.12.3.5.1.1.4.{{}}",
        states={1: ON, 2: OFF},
        on=Order(f"{_APC}.12.3.3.1.1.4.{{}}", 1),
        off=Order(f"{_APC}.12.3.3.1.1.4.{{}}", 2),
        reboot=Order(f"{_APC}.12.3.3.1.1.4.{{}}", 3),
    ),
    # PDU2-MIB, the first PDU of a chain; a state is one of all kinds of sensors, of which 7 is on and 8 is off
    "raritan": Model(
        sold_as="Raritan PX2, PX3, PX4 (PDU2-MIB)",
        status=f"{_RARITAN}.4.1.2.1.3.1.{{}}",
        states={7: ON, 8: OFF},
        on=Order(f"{_RARITAN}.4.1.2.1.2.1.{{}}", 1),
        off=Order(f"{_RARITAN}.4.1.2.1.2.1.{{}}", 0),
        reboot=Order(f"{_RARITAN}.4.1.2.1.2.1.{{}}", 2),
        watts=f"{_RARITAN}.5.4.3.1.4.1.{{}}.5",
        digits=f"{_RARITAN}.3.5.4.1.7.1.{{}}.5",
    ),
    # EATON-EPDU-MIB, the first PDU of a chain; what is written is a delay in seconds. 2 is on until it goes off,
    # 3 is off until it goes on.
    "eaton": Model(
        sold_as="Eaton ePDU G2, G3 (EATON-EPDU-MIB)",
        status=f"{_EATON}.6.1.2.0.{{}}",
        states={0: OFF, 1: ON, 2: ON, 3: OFF},
        on=Order(f"{_EATON}.6.1.4.0.{{}}", 0),
        off=Order(f"{_EATON}.6.1.3.0.{{}}", 0),
        reboot=Order(f"{_EATON}.6.1.5.0.{{}}", 0),
        watts=f"{_EATON}.5.1.3.0.{{}}",
    ),
}
