"""The stages of a distribution's life, with a bucket of its own, in an account of its own.

An account has room for few policies, and those are shared by who says the same: in an account of its own
nothing that is left over escapes notice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headrace.kinds.accelerated_bucket import AcceleratedBucket
from headrace.kinds.definition import ObjectRef
from headrace.kinds.distribution.kind import Distribution
from sandbox.aws.clients import REGION
from tests.e2e.buckets import answer
from tests.e2e.stages import ADOPTED, DELETED, Plot, Stage, delete

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient

HOME = "us-east-1"
"""Where the API of CloudFront is."""
_CONTROLS = "OriginAccessControl"
_POLICIES = ("CachePolicy", "OriginRequestPolicy", "ResponseHeadersPolicy")

Found = dict[str, dict[str, Any]]
"""Configurations by id."""


@dataclass(frozen=True)
class DistributionPlot(Plot):
    """One Distribution and its bucket, and all that is to come of them in an account."""

    kind = Distribution.name
    alone = True

    @property
    def media(self) -> ObjectRef:
        """The bucket's object."""
        return self.ref_of(AcceleratedBucket.name, f"{self.name}-media")

    @property
    def bucket(self) -> str:
        """The name of the bucket."""
        return self.world.name(self.name)

    @property
    def refs(self) -> tuple[ObjectRef, ...]:
        """The distribution and the bucket, which gives it its grant."""
        return (self.ref, self.media)

    @property
    def cloudfront(self) -> "CloudFrontClient":
        """CloudFront, as somebody else reaches it."""
        return self.builder.target("", HOME).cloudfront

    def spec(self, settings: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """Return a spec with these settings and the bucket among its origins."""
        media = {"name": "media", "bucketRef": {"name": self.media.name}}
        origins = [media, *settings.get("origins", ())]
        return {**settings, "origins": origins, **self.more, **more}

    def truth(self) -> dict[str, Any]:
        """Return all that is in the account, and whom the bucket lets in."""
        s3 = self.builder.target(self.bucket, REGION).s3
        return {
            "policy": answer(s3, "get_bucket_policy", self.bucket),
            "distributions": list(distributions(self.cloudfront).values()),
            **{word: list(named(self.cloudfront, word).values()) for word in (_CONTROLS, *_POLICIES)},
        }

    def nothing_left(self) -> bool:
        """Say whether nothing but the bucket is in the account, which lets nobody in."""
        truth = self.truth()
        return truth.pop("policy") == "NoSuchBucketPolicy" and not any(truth.values())

    def called(self) -> dict[str, str]:
        """Return what to write for ids that CloudFront gave, and for names that are made of the owner's."""
        called = {self.bucket: "<bucket>", self.account: "<account>"}
        for n, (id, each) in enumerate(distributions(self.cloudfront).items()):
            called |= {each["DomainName"]: f"<domain {n}>", id: f"<distribution {n}>"}
        for word in (_CONTROLS, *_POLICIES):
            for n, (id, each) in enumerate(named(self.cloudfront, word).items()):
                called[id] = f"<{word} {n}>"
                if word == _CONTROLS:
                    called[each["Name"]] = f"<name of {word} {n}>"
        return called


def distributions(cloudfront: "CloudFrontClient") -> Found:
    """Return the distributions of the account: configuration, state, name and tags."""
    listed = cloudfront.list_distributions()["DistributionList"].get("Items", [])
    return {each["Id"]: _distribution(cloudfront, each["Id"], each["ARN"]) for each in listed}


def _distribution(cloudfront: "CloudFrontClient", id: str, arn: str) -> dict[str, Any]:
    found = cloudfront.get_distribution(Id=id)["Distribution"]
    tags = cloudfront.list_tags_for_resource(Resource=arn)["Tags"].get("Items", [])
    return {
        "DistributionConfig": found["DistributionConfig"],
        "DomainName": found["DomainName"],
        "Status": found["Status"],
        "Tags": {tag["Key"]: tag.get("Value") for tag in tags},
    }


def named(cloudfront: Any, word: str) -> Found:
    """Return the access controls or the custom policies of the account."""
    if word == _CONTROLS:
        listed = cloudfront.list_origin_access_controls()["OriginAccessControlList"].get("Items", [])
        return {each["Id"]: each for each in listed}
    method = "".join(f"_{c.lower()}" if c.isupper() else c for c in word).strip("_")
    words = method.removesuffix("y") + "ies"
    listed = getattr(cloudfront, f"list_{words}")(Type="custom")[f"{word}List"].get("Items", [])
    return {each[word]["Id"]: each[word][f"{word}Config"] for each in listed}


def _keyed(ttl: int) -> dict[str, Any]:
    return {"inline": {"minTTL": 0, "defaultTTL": ttl, "maxTTL": 86_400}}


SAMPLE: Mapping[str, Any] = {
    "defaultBehavior": {
        "origin": "media",
        "cache": _keyed(60),
        "responseHeaders": {"inline": {"comment": "first", "removeHeaders": ["X-Powered-By"]}},
    },
    "behaviors": [{"path": "/img/*", "origin": "media", "cache": {"policy": "CachingOptimized"}}],
    "comment": "a shop",
    "tags": {"team": "shop", "stays": "so"},
    "priceClass": "PriceClass_All",
}
"""What spec says first: policies written inline and managed ones."""
OTHER: Mapping[str, Any] = {
    "origins": [{"name": "api", "domainName": "api.example.com", "protocol": "https-only"}],
    "defaultBehavior": {
        "origin": "media",
        "cache": _keyed(600),
        "responseHeaders": {"policy": "SecurityHeadersPolicy"},
    },
    "behaviors": [
        {
            "path": "/api/*",
            "origin": "api",
            "cache": {"policy": "CachingDisabled"},
            "originRequest": {"policy": "AllViewerExceptHostHeader"},
        },
        {"path": "/img/*", "origin": "media", "cache": _keyed(600)},
    ],
    "comment": "another shop",
    "tags": {"stays": "so", "cost-center": "42"},
    "priceClass": "PriceClass_100",
}
"""All of it otherwise: a policy makes room for another, and one goes."""


def _with_bucket(plot: DistributionPlot) -> None:
    """Make the bucket, with nothing but what the distribution needs."""
    buckets = plot.people.of(plot.media.kind)
    buckets.make(plot.media.name, {"bucketName": plot.bucket, "region": REGION, "defaults": "None"})
    plot.builder.settle(plot.media)


def _make(plot: DistributionPlot) -> None:
    plot.people.make(plot.name, plot.spec(SAMPLE))


def _made(plot: DistributionPlot) -> None:
    _with_bucket(plot)
    _make(plot)
    plot.builder.settle(*plot.refs)


def _somebodys(plot: DistributionPlot) -> None:
    """A distribution that somebody made by hand, beside the bucket."""
    _with_bucket(plot)
    origin = {"Id": "theirs", "DomainName": "theirs.example.com", "CustomOriginConfig": _PLAIN}
    config: Any = {
        "CallerReference": "theirs",
        "Comment": "theirs",
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": {
            "TargetOriginId": "theirs",
            "ViewerProtocolPolicy": "allow-all",
            "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        },
    }
    tags: Any = {"Items": [{"Key": "theirs", "Value": "stays"}]}
    plot.cloudfront.create_distribution_with_tags(
        DistributionConfigWithTags={"DistributionConfig": config, "Tags": tags}
    )


_PLAIN = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"}


def _adopt(plot: DistributionPlot) -> None:
    (id,) = distributions(plot.cloudfront)
    plot.people.make(plot.name, plot.spec(SAMPLE, distributionID=id))


def _edit(plot: DistributionPlot) -> None:
    plot.people.edit(plot.name, plot.spec(OTHER))


STAGES = {
    stage.name: stage
    for stage in (
        Stage("d-create", DistributionPlot, _with_bucket, _make),
        Stage("d-update", DistributionPlot, _made, _edit),
        Stage("d-adopt", DistributionPlot, _somebodys, _adopt, ADOPTED),
        Stage("d-release", DistributionPlot, _made, delete),
        Stage("d-delete", DistributionPlot, _made, delete, DELETED),
    )
}
"""By name; "d-release": deleted with Retain."""
