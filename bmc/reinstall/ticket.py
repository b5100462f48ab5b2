"""A ticket: what one armed job allows, and what its ramdisk and the system that it installed have reported so far."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from typing import Any

from bmc.images.catalogue import Image
from bmc.model.node import Disk
from bmc.reinstall.lines import Lines
from bmc.reinstall.network_boot import BootFiles
from bmc.store import Json

PHASES = ("", "erase", "write", "verify", "seed", "rescue")


class Errand(Enum):
    """What the ramdisk is there for, as it is told at its check-in."""

    INSTALL = "install"
    ERASE = "erase"
    RESCUE = "rescue"
    INSPECT = "inspect"

    @property
    def has_disk(self) -> bool:
        """Whether it is done to one disk, which is read back before its end."""
        return self in (Errand.INSTALL, Errand.ERASE)


class Stage(Enum):
    """Whose reports a ticket takes: the ramdisk's, or the installed system's."""

    DEPLOY = "deploy"
    PROOF = "proof"


@dataclass(frozen=True, slots=True)
class Facts:
    """What was reported so far. `disk` is the kernel's name of the target, chosen at the check-in.

    `places` were read back after erasing, `places_bytes` in all. `host_key` is that of a rescue's SSH server.
    `report` is what an inspection found. `fetched` are the names of what was booted by network, in their order.
    `cleared`: the ramdisk gave up and nothing boots from the disk any more.
    """

    checked_in: bool = False
    disks: tuple[Disk, ...] = ()
    disk: str = ""
    phase: str = ""
    bytes: int = 0
    total: int = 0
    verified: bool = False
    places: int = 0
    places_bytes: int = 0
    host_key: str = ""
    report: Mapping[str, str] = field(default_factory=dict)
    done: bool = False
    failed: str = ""
    log: str = ""
    fetched: tuple[str, ...] = ()
    cleared: bool = False
    proofs: tuple[str, ...] = ()
    proof: Mapping[str, str] = field(default_factory=dict)

    @property
    def half(self) -> bool:
        """Whether the disk may hold half a system: from before its first byte is written until the end is reported."""
        return bool(self.disk and self.phase) and not (self.done or self.cleared)

    def past(self, phase: str) -> bool:
        """Whether the ramdisk has left `phase` behind."""
        return self.done or (self.verified and phase != "seed") or PHASES.index(self.phase) > PHASES.index(phase)

    def to_json(self) -> dict[str, Json]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Facts":
        disks = tuple(Disk(**disk) for disk in value["disks"])
        lists = {
            name: tuple(value.get(name, ())) for name in ("fetched", "proofs")
        }  # an earlier version knew no fetched
        return cls(**{**value, "disks": disks, **lists})


async def _nowhere() -> None:
    """Facts of a ticket that nobody keeps."""


@dataclass(slots=True)
class Ticket:
    """What one armed job allows. `wake` is called when a fact has changed, `keep` stores the facts.

    Once `cancelled`, the ramdisk is told to stop at its next report. `told` is what it learns at its check-in beside
    the disk; `files` are what it may fetch by name. `image`, `proof_token` and `nonce` are for installing alone, `boot`
    is for a ramdisk that comes by network.
    """

    job: str
    node: str
    token: bytes
    errand: Errand
    target: Mapping[str, object] | None = None
    told: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    image: Image | None = None
    proof_token: bytes = b""
    nonce: bytes = b""
    boot: BootFiles | None = None
    lines: Lines = field(default_factory=Lines)
    facts: Facts = Facts()
    stage: Stage = Stage.DEPLOY
    cancelled: bool = False
    wake: Callable[[], None] = lambda: None
    keep: Callable[[], Awaitable[None]] = _nowhere

    def report(self, **facts: Any) -> None:
        self.facts = replace(self.facts, **facts)
        self.wake()

    def fail(self, why: str) -> None:
        """The first failure is the one that counts: later ones follow from it."""
        self.report(failed=self.facts.failed or why)

    def prove(self, proof: str, **found: str) -> None:
        """Fails when it comes from another system than the proofs before. Between two a system may have booted anew."""
        for name in ("machine_id", "hostkey"):
            told, known = found.get(name), self.facts.proof.get(name)
            if told and known and told != known:
                return self.fail(f"the proof {proof} is of another system: its {name} is {told}, not {known}")
        proofs = tuple(sorted({*self.facts.proofs, proof}))
        self.report(proofs=proofs, proof={**self.facts.proof, **found})


def hidden(secret: str) -> bytes:
    """The form in which a ticket holds a secret: of no use to who reads it, and compared in constant time."""
    return hashlib.sha256(secret.encode()).digest()


def is_secret(given: str, kept: bytes) -> bool:
    return hmac.compare_digest(hidden(given), kept)
