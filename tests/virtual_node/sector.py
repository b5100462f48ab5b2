"""A guest of one sector: on the air within a second even when emulated, and it does what one character tells it.

r reset   o power off (ACPI)   p panic (pvpanic)   w write to the disk until it fails   f print for ever
anything else is echoed. The ACPI power button powers off. An NMI prints NMI.
"""

import subprocess
from pathlib import Path

ORIGIN = 0x7C00
Part = bytes | str | tuple[str, str]

_CODES = {"jz": b"\x74", "jnz": b"\x75", "jc": b"\x72", "jmp": b"\xeb", "call": b"\xe8", "mov si": b"\xbe"}
_WIDE = {"call": "relative", "mov si": "absolute"}


def boot_sector(greeting: str) -> bytes:
    """512 bytes that print `greeting` and a newline on COM1 and then obey."""
    parts: list[Part] = [
        *(b"\xfa\x31\xc0\x8e\xd8\x8e\xc0\x8e\xd0\xbc\x00\x7c", b"\x88\x16\x00\x06"),  # segments, stack; [600h] = dl
        *(b"\xc7\x06\x08\x00", ("word", "nmi"), b"\xc7\x06\x0a\x00\x00\x00"),  # interrupt vector 2
        b"\xba\x02\x06\xb8\x00\x01\xef",  # PM1 enable: power button
        *(("mov si", "greeting"), ("call", "print")),
        *("wait:", b"\xfa"),  # SeaBIOS's timer interrupt reads the serial line away from us, and writes between
        *(b"\xba\x00\x06\xed\xf6\xc4\x01", ("jnz", "off")),  # PM1 status, power button
        *(b"\xba\xfd\x03\xec\xa8\x01", ("jz", "wait")),  # line status
        b"\xba\xf8\x03\xec",
        *(b"\x3cr", ("jz", "reset"), b"\x3co", ("jz", "off"), b"\x3cp", ("jz", "panic")),
        *(b"\x3cw", ("jz", "write"), b"\x3cf", ("jz", "flood")),
        *(("call", "put"), ("jmp", "wait")),
        *("reset:", b"\xb0\x06\xba\xf9\x0c\xee", ("jmp", "reset")),  # CF9h
        *("off:", b"\xba\x04\x06\xb8\x00\x20\xef", ("jmp", "off")),  # PM1 control: SLP_EN, S5
        *("panic:", b"\xba\x05\x05\xb0\x01\xee", ("mov si", "resumed"), ("call", "print"), ("jmp", "wait")),
        *("flood:", ("mov si", "greeting"), ("call", "print"), ("jmp", "flood")),
        "write:",  # INT 13h AH=43h, 127 sectors at a time
        *(b"\x8a\x16\x00\x06\xb8\x00\x43", ("mov si", "packet"), b"\xcd\x13", ("jc", "failed")),
        *(b"\x81\x06", ("word", "block"), b"\x7f\x00", b"\x83\x16", ("word", "block high"), b"\x00", ("jmp", "write")),
        *("failed:", ("mov si", "written"), ("call", "print"), ("jmp", "wait")),
        *("nmi:", b"\x60", ("mov si", "interrupted"), ("call", "print"), b"\x61\xcf"),
        *("print:", b"\xac\x84\xc0", ("jz", "done"), ("call", "put"), ("jmp", "print"), "done:", b"\xc3"),
        *("put:", b"\x88\xc4\xba\xfd\x03", "busy:", b"\xec\xa8\x20", ("jz", "busy"), b"\xba\xf8\x03\x88\xe0\xee\xc3"),
        *("greeting:", greeting.encode() + b"\r\n\0"),
        *("resumed:", b"RESUMED\r\n\0", "written:", b"WRITTEN\r\n\0", "interrupted:", b"NMI\r\n\0"),
        *("packet:", b"\x10\x00\x7f\x00\x00\x80\x00\x00", "block:", b"\x00\x08", "block high:", bytes(6)),
    ]
    return assemble(parts).ljust(510, b"\0") + b"\x55\xaa"


def assemble(parts: list[Part]) -> bytes:
    """Two passes: where the labels are, then the bytes."""
    labels: dict[str, int] = {}
    position = ORIGIN
    for part in parts:
        if isinstance(part, str):
            labels[part.removesuffix(":")] = position
        else:
            position += len(part) if isinstance(part, bytes) else _length(part[0])
    code = bytearray()
    for part in parts:
        if isinstance(part, bytes):
            code += part
        elif isinstance(part, tuple):
            operation, target = part
            here = ORIGIN + len(code) + _length(operation)
            code += _CODES.get(operation, b"")
            if operation == "word" or _WIDE.get(operation) == "absolute":
                code += labels[target].to_bytes(2, "little")
            elif _WIDE.get(operation) == "relative":
                code += (labels[target] - here).to_bytes(2, "little", signed=True)
            else:
                code += (labels[target] - here).to_bytes(1, "little", signed=True)
    return bytes(code)


def _length(operation: str) -> int:
    return 2 if operation == "word" else 3 if operation in _WIDE else 2


def write_disk(path: Path, size: int, greeting: str = "DISK-UP") -> None:
    """A raw disk that boots it on BIOS."""
    with path.open("wb") as file:
        file.write(boot_sector(greeting))
        file.truncate(size)


def write_cd(path: Path, greeting: str = "CD-UP", label: str = "GUEST") -> Path:
    """An ISO image that boots it on BIOS."""
    tree = path.with_suffix(".tree")
    tree.mkdir()
    (tree / "boot.bin").write_bytes(boot_sector(greeting).ljust(2048, b"\0"))
    boot = ["-b", "boot.bin", "-c", "boot.cat", "-no-emul-boot", "-boot-load-size", "4"]
    subprocess.run(
        ["xorriso", "-as", "mkisofs", "-quiet", "-V", label, "-o", str(path), *boot, str(tree)],
        check=True,
        capture_output=True,
        timeout=60,
    )
    return path
