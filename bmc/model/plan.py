"""What a power action would do, step by step, as a value: the result of a dry run."""

from dataclasses import dataclass

from bmc.model.power import PowerAction


@dataclass(frozen=True, slots=True)
class Plan:
    """`steps` in order, in words; `hindrances` are what would keep it from being done now."""

    action: PowerAction
    steps: tuple[str, ...] = ()
    hindrances: tuple[str, ...] = ()
