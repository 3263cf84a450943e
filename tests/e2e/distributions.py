"""Distributions as these tests want them: the buckets behind them, the viewers before them, and the truth."""

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from sandbox.aws.stand_in import Call, Viewed
from sandbox.processes import wait_until
from sandbox.world import Object, World

CONSENT = "headrace.io/allow-references-from"
SECONDS = 0.2
"""How long a deployment takes here: less than the operator waits before its first look at one."""
_SID = "HeadraceCloudFrontAccess"
_READ = ("Get", "List", "Head")

Config = dict[str, Any]


def origin(name: str = "media", namespace: str = "", **more: Any) -> dict[str, Any]:
    """Return an origin that is the bucket of the object of its name."""
    to = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return {"name": name, "bucketRef": to, **more}


def spec(*origins: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a spec with these origins, of which the first serves what no path fits."""
    wanted = origins or (origin(),)
    behavior = {"origin": wanted[0]["name"], "cache": {"policy": "CachingOptimized"}}
    return {"origins": list(wanted), "defaultBehavior": behavior, "deletionPolicy": "Delete", **more}


class Site:
    """The Distributions and buckets of a namespace, and what AWS has of them."""

    def __init__(self, world: World) -> None:
        self.buckets, self.objects = world, world.of("Distribution")
        self.aws = world.aws
        self.aws.deployment(SECONDS)
        self.cloudfront = world.aws.client("cloudfront", region="us-east-1")
        self._mark = self.aws.mark()

    def s3(self, region: str = "eu-central-1") -> Any:
        """Return a client for the buckets of a region."""
        return self.aws.client("s3", region=region)

    # What people apply

    def bucket(self, name: str = "media", **more: Any) -> None:
        """Apply a bucket that is deleted with its object."""
        said = {"bucketName": self.buckets.name(name), "region": "eu-central-1", "deletionPolicy": "Delete"}
        self.buckets.apply({**said, **more}, name)

    def filled(self, name: str = "media", key: str = "index.html", **more: Any) -> None:
        """Apply a bucket, and put an object with the bucket's name in it once it is there."""
        self.bucket(name, **more)
        region = str(self.buckets.ready(name)["spec"]["region"])
        bucket = str(more.get("bucketName") or self.buckets.name(name))
        self.s3(region).put_object(Bucket=bucket, Key=key, Body=name.encode())

    def apply(self, *origins: dict[str, Any], name: str = "site", **more: Any) -> None:
        """Apply a Distribution."""
        self.objects.apply(spec(*origins, **more), name)

    def made(self, *origins: dict[str, Any], name: str = "site", **more: Any) -> Object:
        """Apply a Distribution and return it once it is Ready."""
        self.apply(*origins, name=name, **more)
        return self.objects.ready(name)

    def leave(self, name: str = "site") -> None:
        """Delete a Distribution, and return once it is gone."""
        self.objects.delete(name)
        self.objects.gone(name)

    # What AWS has

    def id(self, name: str = "site") -> str:
        """Return the id of a Distribution's distribution."""
        return str(self.objects.get(name)["status"]["id"])

    def config(self, number: str) -> Config:
        """Return the configuration of a distribution."""
        found: Config = self.cloudfront.get_distribution_config(Id=number)["DistributionConfig"]
        return found

    def tags(self, number: str) -> dict[str, str]:
        """Return the tags of a distribution."""
        arn = self.cloudfront.get_distribution(Id=number)["Distribution"]["ARN"]
        items = self.cloudfront.list_tags_for_resource(Resource=arn)["Tags"].get("Items", [])
        return {tag["Key"]: tag["Value"] for tag in items}

    def edit(self, number: str, change: Callable[[Config], None]) -> None:
        """Change the configuration of a distribution, as somebody with the console does."""
        read = self.cloudfront.get_distribution_config(Id=number)
        config = read["DistributionConfig"]
        change(config)
        self.cloudfront.update_distribution(Id=number, IfMatch=read["ETag"], DistributionConfig=config)

    def deployed(self, number: str) -> None:
        """Return once a distribution is deployed."""
        wait_until(
            lambda: self.cloudfront.get_distribution(Id=number)["Distribution"]["Status"] == "Deployed",
            what=f"distribution {number} is deployed",
        )

    def erased(self, number: str) -> None:
        """Delete a distribution, as somebody with the console does."""
        self.edit(number, lambda config: config.update(Enabled=False))
        self.deployed(number)
        etag = self.cloudfront.get_distribution_config(Id=number)["ETag"]
        self.cloudfront.delete_distribution(Id=number, IfMatch=etag)

    def ids(self) -> set[str]:
        """Return the ids of all distributions of the account that have the owner tag of this namespace."""
        pages = self.cloudfront.get_paginator("list_distributions").paginate()
        found = [each["Id"] for page in pages for each in page["DistributionList"].get("Items", [])]
        return {number for number in found if any(self._here(tag) for tag in self.tags(number).values())}

    def _here(self, tag: str) -> bool:
        return f"/Distribution/{self.objects.namespace}/" in tag

    def exists(self, number: str) -> bool:
        """Say whether there is such a distribution."""
        try:
            self.cloudfront.get_distribution(Id=number)
        except ClientError as error:
            if error.response["Error"].get("Code") != "NoSuchDistribution":
                raise
            return False
        return True

    def control(self, obj: Object) -> str:
        """Return the id of the access control that an object's status names."""
        ids = {part["name"]: str(part["id"]) for part in obj["status"]["parts"]}
        return ids["access-control"]

    def has_control(self, number: str) -> bool:
        """Say whether there is such an access control."""
        try:
            self.cloudfront.get_origin_access_control(Id=number)
        except ClientError as error:
            if error.response["Error"].get("Code") != "NoSuchOriginAccessControl":
                raise
            return False
        return True

    def policy(self, bucket: str = "media", region: str = "eu-central-1") -> list[dict[str, Any]]:
        """Return the statements of a bucket's policy."""
        try:
            policy = self.s3(region).get_bucket_policy(Bucket=self.buckets.name(bucket))["Policy"]
        except ClientError as error:
            if error.response["Error"].get("Code") != "NoSuchBucketPolicy":
                raise
            return []
        statements: list[dict[str, Any]] = json.loads(policy)["Statement"]
        return statements

    def let_in(self, bucket: str = "media", region: str = "eu-central-1") -> list[str]:
        """Return the ARNs of the distributions that a bucket's policy lets in, in their order."""
        ours = [each for each in self.policy(bucket, region) if each.get("Sid") == _SID]
        arns = [each["Condition"]["StringEquals"]["aws:SourceArn"] for each in ours]
        return [arn for said in arns for arn in ([said] if isinstance(said, str) else said)]

    # What viewers and the operator do

    def view(self, path: str = "/index.html", name: str = "site") -> Viewed:
        """Return what a viewer of a Distribution gets."""
        return self.aws.view(self.objects.get(name)["status"]["domainName"], path)

    def mark(self) -> None:
        """Count from here on."""
        self._mark = self.aws.mark()
        self.objects.mark()

    def calls(self) -> list[Call]:
        """Return what the operator asked of AWS since the mark."""
        return [call for call in self.aws.since(self._mark) if "headrace/" in call.user_agent]

    def of_cloudfront(self, number: str = "") -> list[str]:
        """Return the operations on CloudFront, in their order; with a number those about one resource."""
        calls = [call for call in self.calls() if call.service == "cloudfront"]
        return [call.operation for call in calls if not number or call.resource == number]

    def writes(self, number: str = "") -> list[str]:
        """Return those that change something."""
        return [each for each in self.of_cloudfront(number) if not each.startswith(_READ)]
