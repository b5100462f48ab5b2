"""The driver `libvirt`: nodes that are domains of a libvirt which the configuration file names."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bmc.libvirt_node.library import MISSING, REMEDY, libvirt, require
from bmc.libvirt_node.link import Links
from bmc.libvirt_node.options import LibvirtOptions, parse_options
from bmc.model.checks import Check, Verdict
from bmc.model.errors import InvalidRequest
from bmc.model.node import NodeDefinition
from bmc.model.software import Software
from bmc.ports import Backend, Configured, Driver, Site


class LibvirtDriver:
    """What the nodes must remember lies in `site.directory`/NAME.json. All of them share its connections."""

    def __init__(self) -> None:
        self._links = Links()

    def complete(self, definition: NodeDefinition, site: Site) -> NodeDefinition:
        return replace(definition, options=parse_options(definition.options).model_dump())

    def schema(self) -> Mapping[str, Any]:
        return LibvirtOptions.model_json_schema()

    async def open(self, definition: NodeDefinition, site: Site) -> Backend:
        """:raise BackendFailed: the binding is not installed. :raise InvalidRequest: there is no such connection."""
        options = parse_options(definition.options)
        uri = site.configured.connections.get(options.connection)
        if uri is None:
            there = ", ".join(sorted(site.configured.connections)) or "none"
            raise InvalidRequest(
                f"libvirt connection {options.connection!r} is not in the configuration file; there is {there}"
            )
        require()
        from bmc.libvirt_node.backend import open_domain  # needs the binding

        return open_domain(self._links, options, uri, site.clock, site.directory / f"{definition.name}.json")

    def checks(self, directory: Path, configured: Configured) -> Iterator[Check]:
        """Not having the binding is no fault: only who has libvirt nodes wants it."""
        if libvirt is None:
            yield Check("libvirt", Verdict.OK, f"{MISSING}, so there are no libvirt nodes; to have them, {REMEDY}")
            return
        number = libvirt.getVersion()
        version = f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"
        yield Check("libvirt", Verdict.OK, f"the binding is there, of libvirt {version}")

    def software(self) -> Iterable[Software]:
        """libvirt's QEMU may be on another host."""
        return ()


driver: Driver = LibvirtDriver()
