"""Which service is meant: options of `bmc` itself, before the command, that win over the environment."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

VARIABLES = {
    "url": "BMC_URL",
    "user": "BMC_USER",
    "password_file": "BMC_PASSWORD_FILE",
    "token_file": "BMC_TOKEN_FILE",
    "certificate": "BMC_CERTIFICATE",
}

Url = Annotated[str | None, typer.Option(envvar="BMC_URL", help="another machine's service, as https://HOST:PORT")]
User = Annotated[str | None, typer.Option(envvar="BMC_USER", help="the account to sign in with there")]
PasswordFile = Annotated[
    Path | None, typer.Option(envvar="BMC_PASSWORD_FILE", help="its first line is the password; else it is asked for")
]
TokenFile = Annotated[
    Path | None, typer.Option(envvar="BMC_TOKEN_FILE", help="its first line is the X-Auth-Token of a session")
]
Certificate = Annotated[
    Path | None,
    typer.Option(envvar="BMC_CERTIFICATE", help="the service's own certificate (PEM): this one is trusted, no other"),
]


def use(options: Mapping[str, Any]) -> None:
    """The environment is what `Client` reads."""
    for name, variable in VARIABLES.items():
        if options.get(name):
            os.environ[variable] = str(options[name])


def options(
    url: Url = None,
    user: User = None,
    password_file: PasswordFile = None,
    token_file: TokenFile = None,
    certificate: Certificate = None,
) -> None:
    """Lightsout: a BMC for every server.

    Exit codes: 0 done; 1 refused or failed, with the reason on standard error; 2 a wrong command line; 130 Ctrl-C.
    """
    use(
        {
            "url": url,
            "user": user,
            "password_file": password_file,
            "token_file": token_file,
            "certificate": certificate,
        }
    )
