"""The deploy medium: one small ISO per job, bootable by BIOS and UEFI, with the job's configuration inside."""

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bmc.model.errors import InvalidRequest
from bmc.reinstall.build import Artefacts
from bmc.reinstall.build_tools import grub_config, run, syslinux_config

COMMAND_LINE = "console=tty0 console=ttyS0,115200 loglevel=4"
ISOLINUX = syslinux_config("/boot/vmlinuz", "/boot/initrd", COMMAND_LINE)
GRUB = grub_config("/boot/vmlinuz", "/boot/initrd", COMMAND_LINE)


def shell_lines(values: Mapping[str, str]) -> str:
    """`key='value'` lines as a shell reads them; values may hold any character but NUL.

    :raise InvalidRequest: a key that is no plain name, or a NUL.
    """
    for key, value in values.items():
        if not re.fullmatch(r"[a-z_][a-z0-9_]*", key) or "\0" in value:
            raise InvalidRequest(f"'{key}': expected a lower-case name and a value without NUL")
    return "".join("{}='{}'\n".format(key, value.replace("'", "'\\''")) for key, value in values.items())


def build_medium(artefacts: Artefacts, conf: Mapping[str, str], out: Path) -> None:
    """Write the ISO `out` (0600) with `conf` as /lightsout/job.conf; without one, the ramdisk refuses to do anything.

    `out` appears only when it is whole. Takes a fraction of a second.
    :raise BuildFailed: xorriso is missing or failed. :raise InvalidRequest: `conf` cannot be written as shell lines.
    """
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as folder:
        work = Path(folder)
        (work / "isolinux.cfg").write_text(ISOLINUX)
        (work / "deploy.cfg").write_text(GRUB)
        places = {
            "boot/vmlinuz": artefacts.kernel,
            "boot/initrd": artefacts.initrd,
            "boot/efi.img": artefacts.efi_image,
            "isolinux/isolinux.bin": artefacts.isolinux,
            "isolinux/ldlinux.c32": artefacts.ldlinux,
            "isolinux/isolinux.cfg": work / "isolinux.cfg",
            "lightsout/deploy.cfg": work / "deploy.cfg",
        }
        if conf:
            (work / "job.conf").write_text(shell_lines(conf))
            places["lightsout/job.conf"] = work / "job.conf"
        run(
            "xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-V", "LIGHTSOUT", "-o", work / "medium.iso",
            "-isohybrid-mbr", artefacts.isohybrid_mbr,
            "-c", "isolinux/boot.cat", "-b", "isolinux/isolinux.bin",
            "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table",
            "-eltorito-alt-boot", "-e", "boot/efi.img", "-no-emul-boot", "-isohybrid-gpt-basdat",
            "-graft-points", *(f"/{place}={file}" for place, file in places.items()),
        )  # fmt: skip
        (work / "medium.iso").chmod(0o600)
        (work / "medium.iso").replace(out)
