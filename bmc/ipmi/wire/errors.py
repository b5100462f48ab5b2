"""What a decoder says of bytes that are no message of its kind."""


class WireError(Exception):
    """The bytes break a rule of the format; the text says which. Decoders raise this and nothing else."""


class WrongLength(WireError):
    """The bytes are too few or too many for the message."""


def expect_length(data: bytes, *lengths: int) -> None:
    """:raise WrongLength: `data` has none of the `lengths`."""
    if len(data) not in lengths:
        wanted = " or ".join(str(length) for length in lengths)
        raise WrongLength(f"{len(data)} bytes where {wanted} were expected")


def expect_at_least(data: bytes, length: int) -> None:
    """:raise WrongLength: `data` is shorter than `length`."""
    if len(data) < length:
        raise WrongLength(f"{len(data)} bytes where at least {length} were expected")
