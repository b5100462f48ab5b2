"""pyghmi's console as a program on a terminal: HOST PORT USER KEYFILE. `&B` sends a break, `&.` ends.

pyghmi's own program knows port 623 only, and ends at the first bytes that it is to print.
"""

import os
import select
import sys
import termios
import tty
from pathlib import Path

from pyghmi.ipmi.console import Console


def hear(heard: bytes | dict[str, str]) -> None:
    text = heard if isinstance(heard, bytes) else f"\r\n[{heard}]\r\n".encode()
    sys.stdout.buffer.write(text)
    sys.stdout.buffer.flush()


def main(host: str, port: str, user: str, key_file: str) -> None:
    before = termios.tcgetattr(sys.stdin)
    tty.setraw(sys.stdin)
    key = Path(key_file).read_bytes().strip()
    console = Console(host, user.encode(), key, iohandler=hear, port=int(port), force=True)
    while not console.broken:
        console.wait_for_rsp(0.05)
        typed = os.read(0, 4096) if select.select([0], [], [], 0)[0] else b""
        if typed == b"&.":
            break
        if typed == b"&B":
            console.send_break()
        elif typed:
            console.send_data(typed)
    console.close()
    termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


main(*sys.argv[1:])
