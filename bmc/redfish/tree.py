"""The whole tree: every family's routes. A new family is a new file and a word here."""

from bmc.redfish import (
    account_keys,
    accounts,
    aggregation,
    audit,
    bios,
    certificate_service,
    certificates,
    chassis,
    components,
    environment,
    event_service,
    images,
    library,
    library_media,
    logs,
    manager_network,
    managers,
    media,
    node_accounts,
    registries,
    schemas,
    screenshot,
    sel,
    sel_export,
    sensor_history,
    sensors,
    serial_log,
    service_manager,
    service_root,
    sessions,
    subscriptions,
    system_actions,
    systems,
    tasks,
    timeline,
    tokens,
    update_service,
)
from bmc.redfish.router import Route
from bmc.redfish.system_body import SYSTEMS

FAMILIES = (
    service_root,
    sessions,
    accounts,
    account_keys,
    tokens,
    systems,
    bios,
    components,
    system_actions,
    screenshot,
    media,
    managers,
    service_manager,
    manager_network,
    chassis,
    environment,
    sensors,
    sensor_history,
    node_accounts,
    logs,
    sel,
    sel_export,
    serial_log,
    audit,
    timeline,
    tasks,
    aggregation,
    event_service,
    subscriptions,
    images,
    library_media,
    library,
    update_service,
    certificates,
    certificate_service,
    registries,
    schemas,
)


# What is the fleet's alone: a node's own endpoint does without.
_FLEET_FAMILIES = (
    accounts,
    account_keys,
    tokens,
    aggregation,
    library,
    subscriptions,
    node_accounts,
    service_manager,
    certificates,
    certificate_service,
)
_FLEET_ROUTES = (
    ("POST", SYSTEMS),
    ("DELETE", f"{SYSTEMS}/{{node}}"),
    ("POST", service_root.IMAGES),
    ("POST", service_root.MEDIA),
    ("PATCH", images.IMAGE),
    ("DELETE", images.IMAGE),
    ("DELETE", library_media.MEDIUM),
    ("POST", f"{event_service.SERVICE}/Actions/{event_service.TEST_ACTION}"),
)


def all_routes() -> tuple[Route, ...]:
    return tuple(route for family in FAMILIES for route in family.ROUTES)


def node_routes() -> tuple[Route, ...]:
    """Those of a node's own endpoint, whose accounts are the node's own users."""
    shared = (route for family in FAMILIES if family not in _FLEET_FAMILIES for route in family.ROUTES)
    roles = (route for route in accounts.ROUTES if route.path.startswith(accounts.ROLES))
    kept = (route for route in shared if (route.method, route.path) not in _FLEET_ROUTES)
    return (*kept, *roles, *node_accounts.OWN_ROUTES)
