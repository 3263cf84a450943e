"""Tags of what CloudFront can tag: read once for all facets of a look, written by key."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from headrace.aws.target import Target
from headrace.resources.tagging import Tagging

if TYPE_CHECKING:
    from mypy_boto3_cloudfront.type_defs import TagsTypeDef


def tags_of(target: Target) -> dict[str, str]:
    """Return all tags of the resource."""
    return cast(dict[str, str], target.share("tags", lambda: _read(target)))


def _read(target: Target) -> dict[str, str]:
    answer = target.cloudfront.list_tags_for_resource(Resource=target.arn)
    return {tag["Key"]: tag.get("Value", "") for tag in answer["Tags"].get("Items", [])}


def _put(target: Target, tags: dict[str, str]) -> None:
    """Set these tags and leave all others as they are. No tags: no call."""
    if tags:
        target.cloudfront.tag_resource(Resource=target.arn, Tags=written(tags))


def written(tags: Mapping[str, str]) -> "TagsTypeDef":
    """Write tags as CloudFront takes them."""
    return {"Items": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}


def _drop(target: Target, keys: set[str]) -> None:
    """Remove the tags with these keys. No keys: no call."""
    if keys:
        target.cloudfront.untag_resource(Resource=target.arn, TagKeys={"Items": sorted(keys)})


TAGGING = Tagging(tags_of, _put, _drop)
"""How CloudFront tags."""
