"""What connections the bucket takes: TLS only, and from which version on, by statements in its policy."""

from ipaddress import ip_address
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field

from headrace.aws.target import Target
from headrace.engine.errors import Invalid
from headrace.engine.facet import Facet, Permissions
from headrace.engine.slices import Missing, Slice
from headrace.resources.s3.bucket._policy import CHANGED, Statement, canonical, put_statements, statements

_TLS_ONLY = "HeadraceTLSOnly"
_MINIMUM = "HeadraceMinimumTLS"
_VERSION_KEY = "s3:TlsVersion"


class Transport(Slice):
    """Which connections are denied, to everybody, by statements in the bucket policy."""

    tls_only: bool = Field(True, description="Deny requests over plain HTTP.")
    minimum_tls_version: Literal["1.2", "1.3"] | None = Field(
        None,
        description=(
            "Deny requests over an older version of TLS; plain HTTP is for tlsOnly. Silent: S3 itself takes "
            "1.2 and later."
        ),
    )


class TransportFacet(Facet[Transport, Target]):
    """Two statements, each there or not; those of others in the policy are left alone."""

    name = "transport"
    slice = Transport
    resting = Transport(tls_only=False)
    default = Transport()
    initial = Transport(tls_only=False)
    permissions = Permissions(
        read=frozenset({"s3:GetBucketPolicy"}),
        write=frozenset({"s3:DeleteBucketPolicy", "s3:PutBucketPolicy"}),
    )

    def observe(self, target: Target) -> Transport | Missing:
        """Read what our statements say; one that was changed says neither yes nor no."""
        found = statements(target, _owns)
        tls_only = [each for each in found if each["Sid"] == _TLS_ONLY]
        minimum = [each for each in found if each["Sid"] == _MINIMUM]
        values: dict[str, Any] = {
            "tls_only": _is(tls_only, _deny_http(target.arn)) if tls_only else False,
            "minimum_tls_version": _version(minimum, target.arn) if minimum else None,
        }
        # Unchecked: others may have made more of our statements than spec may say.
        return Transport.model_construct(**values)

    def apply(self, target: Target, after: Transport, before: Transport | Missing) -> None:
        """Put our statements in the place of those that are there.

        Raises:
            Invalid: we come over plain HTTP ourselves, and could never undo it.
        """
        endpoint = target.s3.meta.endpoint_url
        if after.tls_only and shuts_us_out(endpoint):
            raise Invalid(
                f"transport.tlsOnly would shut out Headrace itself, which reaches S3 at {endpoint}. "
                "Give the AWSAccount an endpoint with https, or set transport.tlsOnly to false."
            )
        said: dict[str, Any] = {_TLS_ONLY: after.tls_only, _MINIMUM: after.minimum_tls_version}
        # A changed statement is in a wish only where it is to be left alone.
        ours = {sid: value for sid, value in said.items() if value != CHANGED}
        wanted = [_deny_http(target.arn)] if ours.get(_TLS_ONLY) else []
        if version := ours.get(_MINIMUM):
            wanted.append(_deny_older(target.arn, version))
        put_statements(target, ours.__contains__, wanted)


def shuts_us_out(endpoint: str) -> bool:
    """Say whether we come over plain HTTP; what is on loopback counts as a way into TLS."""
    url = urlsplit(endpoint)
    if url.scheme != "http" or url.hostname == "localhost":
        return False
    try:
        return not ip_address(url.hostname or "").is_loopback
    except ValueError:
        return True


def _owns(sid: str) -> bool:
    return sid in (_TLS_ONLY, _MINIMUM)


def _is(found: list[Statement], wanted: Statement) -> bool | str:
    return True if [canonical(each) for each in found] == [canonical(wanted)] else CHANGED


def _version(found: list[Statement], arn: str) -> str:
    """Return the version of a statement that is ours but for the version, which others may have changed."""
    asked = canonical(found[0]).get("Condition", {}).get("NumericLessThan", {}).get(_VERSION_KEY.lower(), [])
    version = ", ".join(asked)
    return version if _is(found, _deny_older(arn, version)) is True else CHANGED


def _deny_http(arn: str) -> Statement:
    return _deny(_TLS_ONLY, arn, {"Bool": {"aws:SecureTransport": "false"}})


def _deny_older(arn: str, version: str) -> Statement:
    return _deny(_MINIMUM, arn, {"NumericLessThan": {_VERSION_KEY: version}})


def _deny(sid: str, arn: str, condition: dict[str, Any]) -> Statement:
    """S3 User Guide, "Bucket policy examples using condition keys": all of S3, on bucket and objects."""
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": condition,
    }
