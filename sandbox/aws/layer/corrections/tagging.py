"""Where MiniStack's Resource Groups Tagging API is put right: what it finds where, a page at a time."""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from ministack.core.responses import get_region
from ministack.services import acm as certificates
from ministack.services import cloudfront, tagging

from sandbox.aws.layer.corrections import acm, distributions
from sandbox.aws.layer.corrections.wrapping import Handler, wrap
from sandbox.aws.layer.delays import Delays

Tagged = tuple[str, list[Mapping[str, str]]]

# Resources of services that are nowhere are found there.
_GLOBAL_REGION = "us-east-1"
_PAGE = 100


def install(delays: Delays) -> None:
    """Put the tagging API right."""
    wrap(tagging, "_collect_cloudfront", partial(_distributions, delays))
    tagging._COLLECTORS.update(
        {"cloudfront": tagging._collect_cloudfront, "acm": partial(_certificates, delays)}
    )
    wrap(tagging, "_get_resources", _by_pages)
    tagging._HANDLERS["GetResources"] = tagging._get_resources


def _distributions(delays: Delays, original: Handler) -> Handler:
    """Nothing outside of one region, and what is new only after a while."""

    def collect() -> Iterator[Tagged]:
        for arn, tags in original() if get_region() == _GLOBAL_REGION else ():
            known = cloudfront._distributions.get(arn.rpartition("/")[2])
            if known is None or distributions.age(known) >= delays.tagging:
                yield arn, tags

    return collect


def _certificates(delays: Delays) -> Iterator[Tagged]:
    for arn, certificate in certificates._certificates.items():
        if certificate["Tags"] and acm.age(certificate) >= delays.tagging:
            yield arn, certificate["Tags"]


def _by_pages(original: Handler) -> Handler:
    def get(data: Mapping[str, Any]) -> Any:
        answer = original(data)
        if answer[0] != 200:
            return answer
        found = json.loads(answer[2])["ResourceTagMappingList"]
        start = int(data.get("PaginationToken") or 0)
        end = start + int(data.get("ResourcesPerPage") or _PAGE)
        token = str(end) if end < len(found) else ""
        return tagging._json({"ResourceTagMappingList": found[start:end], "PaginationToken": token})

    return get
