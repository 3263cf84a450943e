"""Every member of CloudFront's DistributionConfig is carried by a lens, or is listed here with a reason."""

from collections.abc import Iterator, Mapping
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, Shape, StructureShape

from tests.unit.resources.distribution import LENSES, through_all

Path = tuple[str, ...]

_TENANTS = "of multi-tenant distributions, which are out of scope"

_OLD = "an older way to say which certificate it is, which CloudFront answers beside the new one"

REASONS: Mapping[str, str] = {
    "CallerReference": "says which create call it was: given when the distribution is made, and kept",
    "TenantConfig": _TENANTS,
    "ConnectionMode": _TENANTS,
    "ViewerCertificate.Certificate": _OLD,
    "ViewerCertificate.CertificateSource": _OLD,
}
"""Members that no lens carries, with all that is in them, by their paths."""

Case = tuple[Any, Mapping[str, Any]]
"""A value of a member, and what has to be beside it."""

_FORWARDED: Mapping[str, Any] = {"ForwardedValues": {"QueryString": True, "Cookies": {"Forward": "none"}}}
_OWN: Mapping[str, Any] = {"ACMCertificateArn": "arn:aws:acm:us-east-1:111122223333:certificate/1"}
_TTLS = [f"{each}.{ttl}" for each in ("DefaultCacheBehavior", "CacheBehaviors.Items") for ttl in (
    "MinTTL", "DefaultTTL", "MaxTTL"
)]  # fmt: skip

CASES: Mapping[str, list[Case]] = {
    "Origins.Items.OriginShield.Enabled": [(True, {"OriginShieldRegion": "eu-central-1"}), (False, {})],
    "Origins.Items.OriginShield.OriginShieldRegion": [("a", {"Enabled": True}), ("b", {"Enabled": True})],
    "CustomErrorResponses.Items.ResponseCode": [("200", {}), ("404", {})],
    "ViewerCertificate.CloudFrontDefaultCertificate": [(True, {}), (False, _OWN)],
    "ViewerCertificate.SSLSupportMethod": [("sni-only", _OWN), ("vip", _OWN)],
    "ViewerCertificate.MinimumProtocolVersion": [("TLSv1", _OWN), ("TLSv1.2_2021", _OWN)],
    **{ttl: [(7, _FORWARDED), (8, _FORWARDED)] for ttl in _TTLS},
}
"""Members that not any value says something of, or none by itself."""


def _config() -> StructureShape:
    shape = botocore.session.get_session().get_service_model("cloudfront").shape_for("DistributionConfig")
    assert isinstance(shape, StructureShape)
    return shape


CONFIG = _config()


def leaves(shape: Shape, path: Path = ()) -> Iterator[tuple[Path, Shape]]:
    """Walk all members that hold a value of their own; what counts the items of a list does not."""
    if isinstance(shape, StructureShape):
        for name, inner in shape.members.items():
            if name != "Quantity":
                yield from leaves(inner, (*path, name))
    elif isinstance(shape, ListShape) and isinstance(shape.member, StructureShape):
        yield from leaves(shape.member, path)
    else:
        yield path, shape


LEAVES = {".".join(path): (path, shape) for path, shape in leaves(CONFIG)}


def values(shape: Shape) -> list[Any]:
    """Return two values, of which at most one is a default."""
    if isinstance(shape, ListShape):
        return [[value] for value in values(shape.member)]
    if shape.type_name == "boolean":
        return [True, False]
    if shape.type_name in {"integer", "long"}:
        return [7, 8]
    known = shape.metadata.get("enum")
    return [known[0], known[-1]] if known else ["distinct-a", "distinct-b"]


def document(shape: Shape, path: Path, case: Case, top: bool = True) -> Any:
    """Return the smallest value of this shape that has the case at the path, and what is required there."""
    if isinstance(shape, ListShape) and isinstance(shape.member, StructureShape):
        return [document(shape.member, path, case, top=False)]
    if not isinstance(shape, StructureShape):
        return values(shape)[0]
    made: dict[str, Any] = {}
    for name, inner in shape.members.items():
        counted = name == "Items" and "Quantity" in shape.members
        if name == "Quantity":
            made[name] = 1
        elif path == (name,):
            made |= {name: case[0], **case[1]}
        elif path[:1] == (name,) or (not top and (counted or name in shape.required_members)):
            made[name] = document(inner, path[1:] if path[:1] == (name,) else (), case, top=False)
    return made


def at(document: Any, path: Path) -> Any:
    """Return what is at the path; of a list, in its one item."""
    for name in path:
        if isinstance(document, list):
            document = document[0]
        if name not in document:
            return None
        document = document[name]
    return document


def reason(name: str) -> str | None:
    return next((REASONS[p] for p in REASONS if f"{name}.".startswith(f"{p}.")), None)


def carried(name: str) -> bool:
    path, shape = LEAVES[name]
    for value, beside in CASES.get(name, [(value, {}) for value in values(shape)]):
        given = document(CONFIG, path, (value, beside))
        assert at(given, path) == value
        if at(through_all(given), path) != value:
            return False
    return True


@pytest.mark.parametrize("name", LEAVES)
def test_every_member_is_carried_by_a_lens_or_has_a_reason(name: str) -> None:
    assert carried(name) is not bool(reason(name)), f"{name}: {reason(name)}"


def test_every_reason_is_of_a_member_that_there_is() -> None:
    assert [p for p in REASONS if not any(f"{name}.".startswith(f"{p}.") for name in LEAVES)] == []


def test_a_member_that_no_lens_carries_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert carried("PriceClass")
    monkeypatch.setattr(LENSES["priceClass"], "path", ("Elsewhere",))
    assert not carried("PriceClass")
