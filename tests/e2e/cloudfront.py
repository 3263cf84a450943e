"""The whole truth about what CloudFront has in an account."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient

_CONTROLS = "OriginAccessControl"
_POLICIES = ("CachePolicy", "OriginRequestPolicy", "ResponseHeadersPolicy")

Found = dict[str, dict[str, Any]]
"""Configurations by id."""


def truth_of(cloudfront: "CloudFrontClient") -> dict[str, Any]:
    """Return all distributions, access controls and custom policies of the account."""
    others = {word: list(_named(cloudfront, word).values()) for word in (_CONTROLS, *_POLICIES)}
    return {"distributions": list(distributions(cloudfront).values()), **others}


def called_in(cloudfront: "CloudFrontClient") -> dict[str, str]:
    """Return what to write for ids that CloudFront gave, and for names that are made of the owner's."""
    called: dict[str, str] = {}
    for n, (id, each) in enumerate(distributions(cloudfront).items()):
        called |= {each["DomainName"]: f"<domain {n}>", id: f"<distribution {n}>"}
    for word in (_CONTROLS, *_POLICIES):
        for n, (id, each) in enumerate(_named(cloudfront, word).items()):
            called[id] = f"<{word} {n}>"
            if word == _CONTROLS:
                called[each["Name"]] = f"<name of {word} {n}>"
    return called


def distributions(cloudfront: "CloudFrontClient") -> Found:
    """Return the distributions of the account: configuration, state, name and tags."""
    listed = cloudfront.list_distributions()["DistributionList"].get("Items", [])
    return _ordered({each["Id"]: _distribution(cloudfront, each["Id"], each["ARN"]) for each in listed})


def _distribution(cloudfront: "CloudFrontClient", id: str, arn: str) -> dict[str, Any]:
    found = cloudfront.get_distribution(Id=id)["Distribution"]
    tags = cloudfront.list_tags_for_resource(Resource=arn)["Tags"].get("Items", [])
    return {
        "DistributionConfig": found["DistributionConfig"],
        "DomainName": found["DomainName"],
        "Status": found["Status"],
        "Tags": {tag["Key"]: tag.get("Value") for tag in tags},
    }


def _named(cloudfront: Any, word: str) -> Found:
    """Return the access controls or the custom policies of the account."""
    if word == _CONTROLS:
        listed = cloudfront.list_origin_access_controls()["OriginAccessControlList"].get("Items", [])
        return _ordered({each["Id"]: each for each in listed})
    method = "".join(f"_{c.lower()}" if c.isupper() else c for c in word).strip("_")
    words = method.removesuffix("y") + "ies"
    listed = getattr(cloudfront, f"list_{words}")(Type="custom")[f"{word}List"].get("Items", [])
    return _ordered({each[word]["Id"]: each[word][f"{word}Config"] for each in listed})


def _ordered(found: Found) -> Found:
    """Return the same by its content: ids come at random."""
    return dict(sorted(found.items(), key=lambda each: json.dumps(each[1], sort_keys=True)))
