"""Who may do what: accounts, roles and scope, sessions, IPMI keys, API tokens, lockout, and the one decision."""

from bmc.accounts.accounts import Accounts
from bmc.accounts.credentials import Credentials
from bmc.accounts.decision import decide
from bmc.accounts.keyfile import KeyFileUnusable
from bmc.accounts.node_users import NodeUsers
from bmc.accounts.passwords import Argon2, PasswordHasher, generate_ipmi_key, generate_password
from bmc.accounts.values import Account, AccountKey, ApiToken, IpmiSlot, Limits, Session, SlotFields

__all__ = [
    "Account",
    "AccountKey",
    "Accounts",
    "ApiToken",
    "Argon2",
    "Credentials",
    "IpmiSlot",
    "KeyFileUnusable",
    "Limits",
    "NodeUsers",
    "PasswordHasher",
    "Session",
    "SlotFields",
    "decide",
    "generate_ipmi_key",
    "generate_password",
]
