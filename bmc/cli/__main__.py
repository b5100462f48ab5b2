"""`python -m bmc.cli` is `bmc`."""

from bmc.cli import main

main()
