"""What a look at this machine found: a value that backends report and `bmc doctor` shows."""

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """`FAILED`: nodes cannot work; `WARNING`: they work, but less well or less safely."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what was found, and what a person can do about it (empty when nothing is needed)."""

    name: str
    verdict: Verdict
    finding: str
    remedy: str = ""
