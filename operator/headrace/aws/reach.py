"""What to say of a connection to AWS that failed: what is wrong, where, and what to do."""

import re
from urllib.parse import urlsplit

from botocore import exceptions as boto
from urllib3.exceptions import NameResolutionError

# What Python writes of its own objects differs each time, and tells nobody anything.
_NOISE = re.compile(r"<[\w.]+ object at 0x[0-9a-f]+>:? ?| \(_ssl\.c:\d+\)")
_CERTIFICATE = re.compile(r"certificate verify failed(?:: (?P<why>.+))?$")
_ADDRESS = "the endpoint URL, if one is set"


def unreached(error: Exception) -> str:
    """Say it in sentences. They name the host and not the path: calls that fail alike are told once."""
    about: dict[str, object] = getattr(error, "kwargs", {})
    where = _host(str(about.get("endpoint_url", "")))
    if isinstance(about.get("error"), NameResolutionError):
        return (
            f"AWS cannot be reached: there is no address for the name in {where}. Check the region, "
            f"{_ADDRESS}, and the operator's DNS."
        )
    if isinstance(error, boto.SSLError):
        return _untrusted(where, _plain(str(about.get("error", ""))))
    if isinstance(error, boto.ReadTimeoutError):
        return (
            f"AWS cannot be reached: {where} was asked and did not answer in time. Check {_ADDRESS}, and "
            "what is between the operator and AWS."
        )
    if isinstance(error, boto.EndpointConnectionError | boto.ConnectTimeoutError):
        return (
            f"AWS cannot be reached: no connection to {where} can be made. Check {_ADDRESS}, and the "
            "operator's network."
        )
    if where:
        return f"AWS cannot be reached: the connection to {where} was lost."
    lost = isinstance(error, boto.ConnectionError | boto.HTTPClientError)
    return f"{'AWS cannot be reached' if lost else 'The answer of AWS cannot be read'}: {_plain(str(error))}."


def _untrusted(where: str, said: str) -> str:
    certificate = _CERTIFICATE.search(said)
    if certificate:
        why = f" ({certificate['why']})" if certificate["why"] else ""
        return (
            f"AWS cannot be reached: the certificate of {where} is not trusted{why}. Check {_ADDRESS}, or "
            "name the authority that issued it in AWS_CA_BUNDLE of the operator."
        )
    return f"AWS cannot be reached: {where} does not speak TLS as it should ({said}). Check {_ADDRESS}."


def _host(url: str) -> str:
    """Leave out the path, and whatever credentials there may be."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}" if parts.hostname else ""


def _plain(said: str) -> str:
    """Leave out what differs each time, and what is for programmers."""
    inner = re.search(r"\[SSL[^\]]*\] (.+?)'?\)*$", _NOISE.sub("", said))
    return (inner[1] if inner else _NOISE.sub("", said)).strip().rstrip(".")
