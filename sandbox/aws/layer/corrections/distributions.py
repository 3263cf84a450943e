"""Distributions as MiniStack keeps them, read: their configuration, their parts, and what they deploy."""

import time
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from ministack.services import cloudfront

from sandbox.aws.layer.corrections.wrapping import Answer
from sandbox.aws.layer.delays import Delays

Distribution = dict[str, Any]

# What is kept of a deployment lies in the distribution, so that it goes when it goes.
_ETAG, _SINCE = "_headrace_etag", "_headrace_since"
LIVE, ALIASES = "_headrace_live", "_headrace_aliases"
_CREATED = "_headrace_created"


def refused(code: str, message: str, status: int) -> Answer:
    """An error as CloudFront writes it."""
    answer: Answer = cloudfront._error(code, message, status)
    return answer


def of_all_accounts() -> Iterator[tuple[str, Distribution]]:
    """Every distribution, with the account that has it."""
    for (account, _), distribution in list(cloudfront._distributions._data.items()):
        yield account, distribution


def config(distribution: Distribution) -> Element:
    """Its DistributionConfig, as it was sent."""
    found: Element | None = cloudfront._parse_body(distribution["config_xml"].encode())
    return Element("DistributionConfig") if found is None else found


def child(element: Element | None, name: str) -> Element | None:
    """The first child of that name."""
    found: Element | None = None if element is None else cloudfront._find(element, name)
    return found


def text(element: Element | None, name: str) -> str:
    """The text of the first child of that name, or ''."""
    return "" if element is None else str(cloudfront._text(element, name))


def items(element: Element | None, block: str) -> list[Element]:
    """What a block of ``element`` lists."""
    listed = child(child(element, block), "Items")
    return [] if listed is None else list(listed)


def behaviors(config_of: Element) -> list[Element]:
    """The default behavior, then the others in their order."""
    default = child(config_of, "DefaultCacheBehavior")
    return ([] if default is None else [default]) + items(config_of, "CacheBehaviors")


def aliases(config_of: Element) -> list[str]:
    """The alternate domain names, in lower case."""
    return [(alias.text or "").lower() for alias in items(config_of, "Aliases")]


def naming(value: str, *members: str) -> list[str]:
    """The ids of the caller's distributions that have a value in one of these members."""
    return [
        str(distribution["Id"])
        for distribution in cloudfront._distributions.values()
        if any(
            found.text == value
            for found in config(distribution).iter()
            if cloudfront._local_tag_name(found) in members
        )
    ]


def age(distribution: Distribution) -> float:
    """The seconds since its creation."""
    return float(time.monotonic() - distribution.get(_CREATED, 0.0))


def settle(distribution: Distribution, delays: Delays) -> None:
    """Begin a deployment for every new ETag, and end it when its time has come."""
    now = time.monotonic()
    distribution.setdefault(_CREATED, now)
    if distribution.get(_ETAG) != distribution["ETag"]:
        distribution.update({_ETAG: distribution["ETag"], _SINCE: now, "Status": "InProgress"})
    elif distribution["Status"] == "InProgress" and now - distribution[_SINCE] >= delays.deployment:
        distribution["Status"] = "Deployed"
        distribution[LIVE] = distribution["config_xml"]
        distribution[ALIASES] = aliases(config(distribution))
