"""What the operator answers at its own port."""

import ssl
import urllib.request
from collections.abc import Mapping
from urllib.error import HTTPError


def get(
    url: str,
    headers: Mapping[str, str] | None = None,
    context: ssl.SSLContext | None = None,
    seconds: float = 5,
) -> tuple[int, str]:
    """Return status and body of a GET; 0 where nobody answers, or the connection is no good."""
    request = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=seconds, context=context) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError:
        return 0, ""
