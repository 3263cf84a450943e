"""Every member of CloudFront's DistributionConfig is carried by a lens, or is listed with a reason."""

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.model import ListShape, Shape, StructureShape

from tests.unit.resources.distribution import LENSES, through_all
from tools.generate import ROOT
from tools.members import REASONS, WITHOUT, Path, below, comparison, config_shape, members

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


CONFIG = config_shape()
MEMBERS = {member.name: member for member in members()}


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


def carried(name: str) -> bool:
    path, shape = MEMBERS[name].path, MEMBERS[name].shape
    for value, beside in CASES.get(name, [(value, {}) for value in values(shape)]):
        given = document(CONFIG, path, (value, beside))
        assert at(given, path) == value
        if at(through_all(given), path) != value:
            return False
    return True


@pytest.mark.parametrize("name", MEMBERS)
def test_every_member_is_carried_by_a_lens_or_has_a_reason(name: str) -> None:
    why = MEMBERS[name].reason
    assert carried(name) is not bool(why), f"{name}: {why}"


@pytest.mark.parametrize("paths", WITHOUT.values(), ids=WITHOUT)
def test_what_cannot_be_said_is_something_that_there_is(paths: tuple[str, ...]) -> None:
    assert [path for path in paths if not any(below(name, (path,)) for name in MEMBERS)] == []
    assert tuple(REASONS) == WITHOUT["Headrace"]


def test_the_comparison_in_the_documentation_is_the_one_that_is_counted() -> None:
    assert comparison() in (ROOT / "docs/comparison.md").read_text()


def test_a_member_that_no_lens_carries_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert carried("PriceClass")
    monkeypatch.setattr(LENSES["priceClass"], "path", ("Elsewhere",))
    assert not carried("PriceClass")
