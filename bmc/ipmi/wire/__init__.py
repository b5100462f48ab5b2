"""The IPMI 2.0 codec: bytes to values and back. Knows no socket, no clock and no node."""
