"""The node's disks: sparse raw files, made when first needed, grown with their definition, never shrunk."""

import os
from contextlib import suppress

from bmc.model.errors import BackendFailed, Refused
from bmc.virtual_node.files import NodeFiles, disk_file, open_guest_file
from bmc.virtual_node.options import GIB, MIB, VirtualNodeOptions


def prepare_disks(files: NodeFiles, options: VirtualNodeOptions) -> None:
    """:raise Refused: a disk would have to shrink. :raise BackendFailed: it cannot be made."""
    for index, disk in enumerate(options.disks):
        path = files.guest / disk_file(index)
        try:
            descriptor = open_guest_file(path, os.O_RDWR | os.O_CREAT)
            try:
                size = os.fstat(descriptor).st_size
                _require_no_less(index, disk.size, size)
                if size < disk.size:
                    os.ftruncate(descriptor, disk.size)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise BackendFailed(f"cannot make {path} of {disk.size / GIB:.1f} GiB: {error.strerror}") from None


def require_not_shrunk(files: NodeFiles, options: VirtualNodeOptions) -> None:
    """:raise Refused: a disk that is there would have to shrink."""
    for index, disk in enumerate(options.disks):
        with suppress(OSError):
            _require_no_less(index, disk.size, (files.guest / disk_file(index)).stat().st_size)


def _require_no_less(index: int, wanted: int, size: int) -> None:
    if size > wanted:
        raise Refused(
            f"options.disks[{index}] is {wanted // MIB} MiB, but the disk has {size // MIB} MiB; "
            "a disk is never shrunk: give its old size, or remove the node and define it anew"
        )


def largest_file(options: VirtualNodeOptions, log_quota: int) -> int:
    """Bytes beyond which no file of this guest may grow."""
    return max([disk.size for disk in options.disks] + [64 * MIB, 4 * log_quota])
