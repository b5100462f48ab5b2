"""A URL as it is told: without what may be a secret in it."""


def shown(url: str) -> str:
    """The URL without what may be a secret in it."""
    address = url.partition("?")[0].partition("#")[0]
    scheme, there, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{there}{host.rpartition('@')[2]}{slash}{path}"


def medium_name(image: str) -> str:
    """How everybody is told what is inserted, a file's name or a URL: who may see a drive may not fetch for us."""
    return shown(image) if "://" in image else image
