"""The whole tree: every family's routes. A new family is a new file and a word here."""

from bmc.redfish import (
    accounts,
    aggregation,
    audit,
    certificate_service,
    certificates,
    chassis,
    components,
    environment,
    event_service,
    images,
    logs,
    manager_network,
    managers,
    media,
    node_accounts,
    registries,
    schemas,
    sel,
    sensors,
    service_root,
    sessions,
    subscriptions,
    system_actions,
    systems,
    tasks,
    update_service,
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
    managers,
    manager_network,
    chassis,
    environment,
    sensors,
    node_accounts,
    logs,
    sel,
    audit,
    tasks,
    aggregation,
    event_service,
    subscriptions,
    images,
    update_service,
    certificates,
    certificate_service,
    registries,
    schemas,
)


def all_routes() -> tuple[Route, ...]:
    return tuple(route for family in FAMILIES for route in family.ROUTES)
