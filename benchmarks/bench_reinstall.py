"""A reinstall by its steps; against what cannot be avoided; its writing against dd; and eight at once against one."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from benchmarks.harness import Service, by_hand, copy_guest, report, service, wait_for
from bmc.cli.client import Client, system_path
from bmc.images.catalogue import Catalogue, unpack
from bmc.reinstall.build import Artefacts, build_all, default_cache
from bmc.reinstall.medium import build_medium
from bmc.virtual_node import sandbox

ROUNDS = 3
NODES = {"bios": "lightsout-mini", "uefi": "lightsout-server"}
STREAM = "/redfish/v1/EventService/SSE"
MIB = 1 << 20
DATA_MIB, PACKED_MIB = 256, 64
SYSTEM_AT, PACKED_AT = DATA_MIB, DATA_MIB + 64
SOURCE_MIB = PACKED_AT + PACKED_MIB
"""The second disk of a node: the data as it is, from SYSTEM_AT the system's image, from PACKED_AT the packed part."""
AT_ONCE = 8
COMMAND = "python -m benchmarks.bench_reinstall"
IMAGES = {"raw": "data", "zstd": "data-packed"}
SIZES = {"raw": DATA_MIB, "zstd": PACKED_MIB}


@dataclass(slots=True)
class Reinstalled:
    """Seconds: of the whole, and of each step."""

    whole: float
    steps: dict[str, float] = field(default_factory=dict)


@contextmanager
def job_events(lightsout: Service) -> Iterator[Iterator[Mapping[str, str]]]:
    """What is told of jobs from now on: the job, its state and its step."""
    with closing(http.client.HTTPConnection(urlsplit(lightsout.url).netloc)) as connection:
        connection.request("GET", STREAM, headers={"X-Auth-Token": lightsout.token})
        stream = connection.getresponse()
        stream.readline()

        def told() -> Iterator[Mapping[str, str]]:
            while line := stream.readline():
                if line.startswith(b"data: "):
                    for event in json.loads(line[6:])["Events"]:
                        ours = event["Oem"]["Lightsout"]
                        if ours["Kind"].startswith("job."):
                            yield ours["Details"] | {"ended": ours["Kind"] == "job.ended"}

        yield told()


def reinstall(lightsout: Service, nodes: Sequence[str], image: str, until: str = "") -> list[Reinstalled]:
    """All `nodes` at once; the job of one alone is cancelled as soon as it is `until` a step."""
    client = Client(lightsout.state)
    body = {"Image": image, "Disk": {"Name": "vda"}}
    begun: dict[str, float] = {}
    paths: dict[str, str] = {}
    at: dict[str, tuple[str, float]] = {}
    done: dict[str, Reinstalled] = {}
    with job_events(lightsout) as told:
        for node in nodes:
            now = time.monotonic()
            task, _ = client.post(f"{system_path(node)}/Actions/Oem/Lightsout.Reinstall", body)
            job = str(task["Id"])
            begun[job], paths[job], at[job], done[job] = now, task["@odata.id"], ("", now), Reinstalled(0)
        under_way = set(begun)
        while under_way:
            told_now = next(told)
            job, step, now = told_now["job"], told_now["step"], time.monotonic()
            if job not in under_way:
                continue
            before, since = at[job]
            if told_now["ended"] or step != before:
                done[job].steps[before] = now - since
                at[job] = (step, now)
            if told_now["ended"]:
                done[job].whole = now - begun[job]
                under_way.remove(job)
                if told_now["state"] != ("Cancelled" if until else "Completed"):
                    raise SystemExit(f"job {job} has ended as {told_now['state']}: {client.get(paths[job])}")
            elif until and step == until != before:
                client.delete(paths[job])
    return list(done.values())


def add_node(lightsout: Service, name: str, firmware: str, memory: int, disks: Sequence[int]) -> None:
    options = [f"firmware={firmware}", f"memory_mib={memory}", "accelerator=tcg"]
    options.append("disks=[" + ",".join(f"{{size_mib={size}}}" for size in disks) + "]")
    lightsout.bmc("node", "add", name, *(word for option in options for word in ("--set", option)))


def make_data(work: Path) -> tuple[Path, Path]:
    """DATA_MIB of what systems consist of, behind a first MiB that boots nothing; and a part of it, packed."""
    raw = work / "data.raw"
    with raw.open("wb") as out:
        out.write(bytes(MIB))
        for file in sorted(Path("/usr/lib").rglob("*")):
            if file.is_file() and not file.is_symlink() and os.access(file, os.R_OK):
                out.write(file.read_bytes())
            if out.tell() >= DATA_MIB * MIB:
                break
        out.truncate(DATA_MIB * MIB)
    part = work / "part.raw"
    with raw.open("rb") as source:
        part.write_bytes(source.read(PACKED_MIB * MIB))
    subprocess.run(["zstd", "-q", part], check=True)
    return raw, work / "part.raw.zst"


def fill_source(disk: Path, system: Path, raw: Path, packed: Path) -> None:
    """Write the second disk of a node that is off."""
    for place, file in ((0, raw), (SYSTEM_AT, system), (PACKED_AT, packed)):
        command = ["dd", f"if={file}", f"of={disk}", "bs=1M", f"seek={place}", "conv=notrunc", "status=none"]
        subprocess.run(command, check=True)


@contextmanager
def web_server(pid: int, directory: Path) -> Iterator[str]:
    """A plain one, in the network of the QEMU `pid`; how its guest reaches it."""
    inside = sandbox.enter(sandbox.own_way(), pid)
    command = [sys.executable, "-u", "-m", "http.server", "8081", "--bind", "127.0.0.1", "-d", str(directory)]
    with subprocess.Popen([*inside, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            if process.stdout is None or not process.stdout.readline():
                raise SystemExit(f"no web server could be started in the network of process {pid}")
            yield "http://10.0.2.2:8081"
        finally:
            process.terminate()


def plain_writes(
    lightsout: Service, node: str, system_mib: int, packed: int, key: Path, raw: Path, kinds: Sequence[str]
) -> dict[str, list[float]]:
    """Seconds in the node's rescue of each of `kinds`, ROUNDS times: dd from its second disk to its first, and flushed;
    and of `raw` fetched by hand and written by dd, or thrown away.
    """
    to = "dd of=/dev/vda bs=1M iflag=fullblock oflag=direct conv=notrunc,fsync"
    write = "dd if=/dev/vdb of=/dev/vda bs=1M oflag=direct conv=notrunc,fsync"
    commands = {
        "system": f"{write} skip={SYSTEM_AT} count={system_mib}",
        "raw": f"{write} count={DATA_MIB}",
        "zstd": f"dd if=/dev/vdb bs=1M skip={PACKED_AT} | head -c {packed} | zstd -dcq - | {to}",
        "fetched": f"wget -q -O - $server/{raw.name} | {to}",
        "discarded": f"wget -q -O /dev/null $server/{raw.name}",
    }
    lightsout.bmc("rescue", node, "--ssh-key", str(key) + ".pub", "--yes")
    script = "up() { cut -d' ' -f1 /proc/uptime; }\n" + "".join(
        f"echo 3 > /proc/sys/vm/drop_caches; a=$(up); {command} 2>/dev/null; echo {name} $a $(up)\n"
        for _ in range(ROUNDS)
        for name, command in commands.items()
        if name in kinds
    )
    with web_server(lightsout.qemu_pid(node), raw.parent) as server:
        said = lightsout.bmc("ssh", node, "--identity", str(key), f"server={server}\n{script}")
    lightsout.bmc("rescue", node, "--end", "--yes")
    found: dict[str, list[float]] = {}
    for line in said.splitlines():
        name, begin, end = line.split()
        found.setdefault(name, []).append(float(end) - float(begin))
    return found


def from_medium(argv: Sequence[str], medium: Path) -> list[str]:
    """QEMU's command line with the medium in the drive, which is booted first."""
    changed = []
    for argument in argv:
        value = json.loads(argument) if argument.startswith("{") else {}
        if value.get("id") == "cd0":
            argument = json.dumps(value | {"drive": "medium", "bootindex": 0})
        elif "bootindex" in value:
            argument = json.dumps(value | {"bootindex": value["bootindex"] + 1})
        changed.append(argument)
    file = {"driver": "file", "filename": str(medium)}
    return [
        *changed,
        "-blockdev",
        json.dumps({"driver": "raw", "node-name": "medium", "read-only": True, "file": file}),
    ]


def boot(argv: Sequence[str], directory: Path, until: bytes) -> float:
    """Seconds from starting QEMU by hand to what it prints."""
    log = directory / "serial.log"
    log.unlink(missing_ok=True)
    start = time.monotonic()
    with by_hand(argv, directory):
        wait_for(lambda: log.exists() and until in log.read_bytes(), until.decode(), every=0.02)
        return time.monotonic() - start


class Bench:
    def __init__(self, lightsout: Service, artefacts: Artefacts, work: Path) -> None:
        self._lightsout = lightsout
        self._artefacts = artefacts
        self._work = work
        self._key = work / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self._key], check=True)
        self._raw, self._packed = make_data(work)
        self._medium = work / "medium.iso"
        build_medium(artefacts, {}, self._medium)
        for name, file in zip(IMAGES.values(), (self._raw, self._packed), strict=True):
            lightsout.bmc("image", "add", str(file), "--name", name, "--seed", "none")

    def one(self, firmware: str) -> tuple[list[Reinstalled], list[float], dict[str, list[float]]]:
        """The reinstalls, what each could not avoid, and plain writes, of a node of its own."""
        image = Catalogue(self._artefacts.catalogue).get(NODES[firmware])
        system = self._work / f"{image.name}.raw"
        unpack(image, system)
        add_node(self._lightsout, firmware, firmware, 512, (512, SOURCE_MIB))
        self._lightsout.power(firmware, "On", "On")
        self._lightsout.power(firmware, "ForceOff", "Off")
        fill_source(self._lightsout.directory(firmware) / "disk1.raw", system, self._raw, self._packed)
        kinds = ("system", "raw", "zstd", "fetched", "discarded") if firmware == "bios" else ("system",)
        packed = self._packed.stat().st_size
        plain = plain_writes(self._lightsout, firmware, image.size // MIB, packed, self._key, self._raw, kinds)
        ours, boots = [], []
        for turn in range(ROUNDS):
            ours += reinstall(self._lightsout, [firmware], image.name)
            argv = [argument for argument in self._lightsout.qemu(firmware) if argument != "-S"]
            self._lightsout.power(firmware, "ForceOff", "Off")
            copy = self._work / f"{firmware}-{turn}"
            copy_guest(self._lightsout.directory(firmware), copy)
            first = boot(from_medium(argv, self._medium), copy, b"lightsout: deploy ramdisk")
            boots.append(first + boot(argv, copy, b"login:"))
        floor = [two + median(plain["system"]) for two in boots]
        return ours, floor, plain

    def writes(self, firmware: str) -> dict[str, list[float]]:
        """Seconds of the step that writes the data."""
        return {
            encoding: [
                reinstall(self._lightsout, [firmware], image, until="verify")[0].steps["write"] for _ in range(ROUNDS)
            ]
            for encoding, image in IMAGES.items()
        }

    def at_once(self) -> tuple[float, float]:
        """Seconds of one reinstall, and of AT_ONCE together."""
        names = [f"e{number}" for number in range(AT_ONCE)]
        for name in names:
            add_node(self._lightsout, name, "bios", 256, (256,))
        one = reinstall(self._lightsout, names[:1], "lightsout-mini")[0].whole
        start = time.monotonic()
        reinstall(self._lightsout, names, "lightsout-mini")
        return one, time.monotonic() - start


def show_steps(found: Mapping[str, Sequence[Reinstalled]]) -> None:
    table = Table(title=f"Steps of a reinstall (s, median of {ROUNDS}, TCG)", title_justify="left")
    table.add_column("")
    for firmware in found:
        table.add_column(f"{firmware.upper()}, {NODES[firmware]}", justify="right")
    steps = [step for step in next(iter(found.values()))[0].steps if step]
    for step in steps:
        table.add_row(step, *(f"{median(each.steps.get(step, 0) for each in runs):.2f}" for runs in found.values()))
    table.add_row("whole", *(f"{median(each.whole for each in runs):.1f}" for runs in found.values()))
    Console(width=120).print(table)


def main() -> None:
    artefacts = build_all(default_cache())
    steps: dict[str, list[Reinstalled]] = {}
    whole, written, fetched = {}, {}, {}
    with service() as lightsout:
        work = lightsout.state.parent / "work"
        work.mkdir(mode=0o755)
        bench = Bench(lightsout, artefacts, work)
        for firmware, image in NODES.items():
            steps[firmware], floor, plain = bench.one(firmware)
            whole[f"{firmware.upper()}, {image}"] = ([each.whole for each in steps[firmware]], floor)
            if firmware == "bios":
                ours = bench.writes(firmware)
                written = {f"{SIZES[kind]} MiB, {kind}": (ours[kind], plain[kind]) for kind in IMAGES}
                fetched = {
                    f"{DATA_MIB} MiB, raw, {to}": (ours["raw"], plain[how])
                    for to, how in (("to the disk", "fetched"), ("thrown away", "discarded"))
                }
            lightsout.power(firmware, "ForceOff", "Off")
        show_steps(steps)
        report("Whole reinstall", ("ours", "two boots by hand and dd"), whole, "s", aim=1.4)
        report("Writing an image", ("ours, over HTTP", "dd, from a second disk"), written, "s", aim=1.3)
        report("Fetching it", ("ours", "wget by hand"), fetched, "s", aim=1.3)
        one, eight = bench.at_once()
    processors = os.cpu_count() or 1
    fair = one * max(1.0, AT_ONCE / processors)
    name = f"{AT_ONCE} x one / {processors} processors"
    report(f"{AT_ONCE} at once, BIOS", ("ours", name), {"lightsout-mini": ([eight], [fair])}, "s", aim=1.2)
    print(f"By `{COMMAND}`; the machine's load was {os.getloadavg()[2]:.1f} on {processors} processors.")


if __name__ == "__main__":
    main()
