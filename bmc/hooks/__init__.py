"""Hooks: destinations outside that hear of events, each fed at its own pace from the durable stream."""

from bmc.hooks.hooks import Configured, Hooks
from bmc.hooks.options import HookSettings
from bmc.hooks.subscriptions import RetryPolicy, Subscription

__all__ = ["Configured", "HookSettings", "Hooks", "RetryPolicy", "Subscription"]
