"""Finding by tags what AWS has given a name to, through the Resource Groups Tagging API of a region."""

from collections.abc import Iterator

from headrace.aws.target import Target
from headrace.engine.errors import Conflict
from headrace.engine.ownership import OWNER_TAG, RETAINED_TAG


def find(target: Target, type_: str, also: dict[str, str] | None = None) -> str | None:
    """Return the ARN of the one resource that our owner has, or retained; None where there is none.

    Args:
        target: whose it is to be.
        type_: such as "cloudfront:distribution".
        also: other tags that it has to have.

    Raises:
        Conflict: there are several; nobody can say which one is meant.
    """
    for mark in (OWNER_TAG, RETAINED_TAG):
        found = sorted(_tagged(target, type_, {mark: target.owner, **(also or {})}))
        if len(found) > 1:
            raise Conflict(
                f"{', '.join(found)} all carry the tag {mark}: {target.owner}. Take it from all but one."
            )
        if found:
            return found[0]
    return None


def _tagged(target: Target, type_: str, tags: dict[str, str]) -> Iterator[str]:
    pages = target.tagging.get_paginator("get_resources").paginate(
        ResourceTypeFilters=[type_], TagFilters=[{"Key": key, "Values": [tags[key]]} for key in sorted(tags)]
    )
    for page in pages:
        for each in page["ResourceTagMappingList"]:
            yield each["ResourceARN"]
