"""The words of the house: enumerations, frozen values, commands, errors and the clock. Standard library only; knows no I/O."""
