"""What can go wrong with the store itself."""

from bmc.model.errors import BmcError


class StoreFailed(BmcError):
    """The store could not be opened, read or written; a write that fails so has changed nothing."""


class NewerStore(StoreFailed):
    """The file was written by a later version of Lightsout; it was not touched."""


class StoreLocked(StoreFailed):
    """Another service has this store open; it was not touched."""


class Conflict(BmcError):
    """A write expected another revision than the one stored; nothing was changed."""
