"""Where MiniStack's Resource Groups Tagging API is put right: what it finds where, a page at a time."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ministack.core.responses import get_region
from ministack.services import acm, tagging

from sandbox.aws.layer.corrections.wrapping import Handler, wrap

# Resources of services that are nowhere are found there.
_GLOBAL_REGION = "us-east-1"
_PAGE = 100


def install() -> None:
    """Put the tagging API right."""
    wrap(tagging, "_collect_cloudfront", _in_one_region)
    tagging._COLLECTORS.update({"cloudfront": tagging._collect_cloudfront, "acm": _certificates})
    wrap(tagging, "_get_resources", _by_pages)
    tagging._HANDLERS["GetResources"] = tagging._get_resources


def _in_one_region(original: Handler) -> Handler:
    return lambda: original() if get_region() == _GLOBAL_REGION else iter(())


def _certificates() -> Iterator[tuple[str, list[Mapping[str, str]]]]:
    for arn, certificate in acm._certificates.items():
        if certificate["Tags"]:
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
