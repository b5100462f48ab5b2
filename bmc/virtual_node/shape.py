"""What a node is made of: what its running QEMU was started with, and what its next one will be."""

from collections.abc import Mapping

from pydantic import ValidationError

from bmc.model.errors import WrongState
from bmc.virtual_node.options import VirtualNodeOptions
from bmc.virtual_node.state import StateFile


class Shape:
    """`next` is what the node is defined as, and what the next power on starts."""

    def __init__(self, name: str, options: VirtualNodeOptions, state: StateFile) -> None:
        self.next = options
        self._name = name
        self._state = state
        self._parsed: tuple[Mapping[str, object], VirtualNodeOptions] = ({}, options)

    @property
    def now(self) -> VirtualNodeOptions:
        """Of the QEMU that runs; of a node that is off, `next`."""
        run = self._state.now.run
        if run is None or not run.options:
            return self.next
        if self._parsed[0] is not run.options:
            self._parsed = run.options, self._started_with(run.options)
        return self._parsed[1]

    def _started_with(self, options: Mapping[str, object]) -> VirtualNodeOptions:
        try:
            return VirtualNodeOptions.model_validate(options)
        except ValidationError:  # another version of the service started it
            return self.next

    def take(self, options: Mapping[str, object]) -> None:
        wanted = VirtualNodeOptions.model_validate(options)
        now = self.now
        if wanted.firmware != self.next.firmware:
            raise WrongState(
                f"{self._name} is on: options.firmware cannot wait; power it off first, or set BootMode in its Bios "
                "settings, which wait for its next power on"
            )
        for kind in ("disks", "nics"):
            if bool(getattr(wanted, kind)) != bool(getattr(now, kind)):
                raise WrongState(
                    f"{self._name} is on: its first of options.{kind}, or its last, cannot wait; power it off first"
                )
        self.next = wanted

    def kept(self) -> Mapping[str, object]:
        if self.now == self.next:
            return {}
        wanted = self.next.model_dump(mode="json", exclude_none=True)
        now = self.now.model_dump(mode="json", exclude_none=True)
        return {name: value for name, value in now.items() if value != wanted[name]}
