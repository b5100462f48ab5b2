"""The words of the house: enumerations, frozen values, commands, errors, the clock. Knows no I/O."""
