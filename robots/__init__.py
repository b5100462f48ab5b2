"""Backends of real hardware, each composed of adapters that implement `bmc.ports`."""
