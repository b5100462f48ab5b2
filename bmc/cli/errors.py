"""What ends a command."""


class CliError(Exception):
    """What a command says instead of a traceback; `bmc` then exits with 1."""


class NoAnswer(CliError):
    """The service is not there, or the connection broke: it may be there again later."""


class SignedOut(CliError):
    """The service does not know our session any more."""
