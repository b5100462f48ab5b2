"""The whole tree: every family's routes. A new family is a new file and a word here."""

from bmc.redfish import (
    accounts,
    components,
    event_service,
    hardware,
    images,
    logs,
    media,
    node_accounts,
    sel,
    sensors,
    service_root,
    sessions,
    system_actions,
    systems,
    tasks,
)
from bmc.redfish.router import Route

FAMILIES = (
    service_root,
    sessions,
    accounts,
    systems,
    components,
    system_actions,
    media,
    hardware,
    sensors,
    node_accounts,
    logs,
    sel,
    tasks,
    event_service,
    images,
)


def all_routes() -> tuple[Route, ...]:
    return tuple(route for family in FAMILIES for route in family.ROUTES)
