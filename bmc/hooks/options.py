"""What the configuration file says of hooks."""

from pathlib import Path

from pydantic import Field, model_validator

from bmc.hooks.filter import Options
from bmc.hooks.mail import MailOptions
from bmc.hooks.program import ProgramOptions
from bmc.hooks.syslog import SyslogOptions


class HookSettings(Options):
    """How often an event is tried again, and how many seconds apart at first; and the destinations of this file."""

    retry_attempts: int = Field(default=10, ge=0, le=1000)
    retry_interval: int = Field(default=5, ge=1, le=3600)
    ca_file: Path | None = None
    program: list[ProgramOptions] = Field(default=[])
    syslog: list[SyslogOptions] = Field(default=[])
    mail: list[MailOptions] = Field(default=[])

    @model_validator(mode="after")
    def _names(self) -> "HookSettings":
        for sinks in (self.program, self.syslog, self.mail):
            names = [sink.name for sink in sinks]
            if twice := {name for name in names if names.count(name) > 1}:
                raise ValueError(f"the name {min(twice)!r} is there twice; a destination's place is kept by its name")
        return self
