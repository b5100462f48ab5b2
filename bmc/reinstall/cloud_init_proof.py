"""Runs in the new system, by cloud-init, once: shows that the system runs from its disk. Needs Python 3.6 alone."""

import socket
import time
import urllib.error
import urllib.parse
import urllib.request

CONSOLES = ("/dev/console", "/dev/ttyS0", "/dev/tty0")
TIMES, PAUSE = 3, 2.0
"""The line is printed several times: the kernel or a login prompt may print into the middle of one."""
TRIES = 60


def read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return ""


def phone_home(url: str, token: str, form: "dict[str, str]") -> None:
    """Tries for two minutes when nobody answers; a refusal is final."""
    headers = {"Authorization": "Bearer " + token}
    request = urllib.request.Request(url, urllib.parse.urlencode(form).encode(), headers)  # noqa: S310
    for _ in range(TRIES):
        try:
            with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - the service's own address
                return
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return
        except OSError:
            pass
        time.sleep(PAUSE)


def main(proof: "dict[str, str]") -> None:
    boot_id = read("/proc/sys/kernel/random/boot_id")
    hostname = socket.gethostname()
    line = f"\nLIGHTSOUT-PROOF nonce={proof['nonce']} hostname={hostname} boot_id={boot_id}\n"
    for turn in range(TIMES):
        for console in CONSOLES:
            try:
                with open(console, "wb", buffering=0) as terminal:
                    terminal.write(line.encode())
            except OSError:
                pass
        if turn == 0:
            form = {"nonce": proof["nonce"], "hostname": hostname, "boot_id": boot_id, "image": proof["image"]}
            form["machine_id"] = read("/etc/machine-id")
            form["hostkey"] = " ".join(read("/etc/ssh/ssh_host_ed25519_key.pub").split(" ")[:2])
            phone_home(proof["api"] + "/deploy/v1/proof", proof["proof_token"], form)
        time.sleep(PAUSE)
