"""Files that the command line names: texts, and secrets in their first lines."""

import sys
from pathlib import Path
from typing import Protocol

from bmc.cli.errors import CliError


class Readable(Protocol):
    """What is sent piece by piece."""

    def read(self, size: int = -1, /) -> bytes: ...


def first_line(file: Path) -> str:
    """Of a file that holds a secret. :raise CliError: it cannot be read, or has none."""
    text = read(file).partition("\n")[0].rstrip("\r")
    if not text:
        raise CliError(f"{file}: its first line is empty; expected the secret")
    return text


def password_of(prompt: str, file: Path | None) -> str:
    """From the file, or asked for at a terminal. :raise CliError: neither is there."""
    if file is not None:
        return first_line(file)
    if not sys.stdin.isatty():
        raise CliError("no password file is named, and nobody is there to ask for a password")
    import getpass

    return getpass.getpass(f"{prompt}: ")


def read(file: Path) -> str:
    """A text that the command line names. :raise CliError: it cannot be read."""
    try:
        return file.read_text()
    except OSError as error:
        raise CliError(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CliError(f"{file}: is no text") from None
