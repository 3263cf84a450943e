"""The names that a certificate is for: always in the same order, so that they can be compared."""

import hashlib
from collections.abc import Iterable

# The first one becomes the common name, which has room for so many characters (RFC 5280; "DomainName" of
# RequestCertificate in the ACM API Reference).
_COMMON_NAME = 64


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return each name once, by the alphabet, but those that are too long to come first."""
    return tuple(sorted({name.lower() for name in names}, key=lambda name: (len(name) > _COMMON_NAME, name)))


def joined(names: Iterable[str]) -> str:
    """Return what we call the certificate for these names, by which it is found again."""
    return ",".join(in_order(names))


def names_in(called: str) -> tuple[str, ...]:
    """Return the names of the certificate that we call so."""
    return in_order(called.split(","))


def token(owner: str, names: Iterable[str]) -> str:
    """Return what makes two requests for the same certificate one."""
    return hashlib.sha256(f"{owner} {joined(names)}".encode()).hexdigest()[:32]
