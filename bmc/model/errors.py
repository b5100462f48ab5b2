"""What can go wrong with a node, said once; each door has one table that translates these."""


class BmcError(Exception):
    """Base of every error that a door may show: the text names what was wrong, what was expected, what to do."""


class Busy(BmcError):
    """Another action or a reservation holds the node; the text says whose and since when."""


class WrongState(BmcError):
    """The action makes no sense in the node's present state."""


class Refused(BmcError):
    """An interlock, or an Unknown power state, forbids the action. Nothing was done."""


class NotSupported(BmcError):
    """This node has nothing that could carry out the command."""


class InvalidRequest(BmcError):
    """The request itself is wrong; the text names the field, its value and what was expected."""


class NotFound(BmcError):
    """What the request names does not exist."""


class Denied(BmcError):
    """The caller's role or scope does not allow the command."""


class Unreachable(BmcError):
    """The other end did not answer and nothing was done."""


class OutcomeUnknown(BmcError):
    """The command may have been carried out; only looking can tell."""


class BackendFailed(BmcError):
    """The backend tried and failed; the text carries its reason."""


class TimedOut(BmcError):
    """The action was started but its effect was not seen in time; nothing was forced."""
