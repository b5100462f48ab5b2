"""Durable buckets and streams in one SQLite file; all SQL of the project lives here."""

from bmc.store.errors import Conflict, NewerStore, StoreFailed, StoreLocked
from bmc.store.store import Store, copy_store
from bmc.store.values import Entry, Facts, Json, Record

__all__ = [
    "Conflict",
    "Entry",
    "Facts",
    "Json",
    "NewerStore",
    "Record",
    "Store",
    "StoreFailed",
    "StoreLocked",
    "copy_store",
]
