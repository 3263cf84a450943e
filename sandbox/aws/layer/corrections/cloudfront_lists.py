"""Lists of CloudFront a page at a time, and the one that MiniStack does not have."""

import re
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from ministack.services import cloudfront

from sandbox.aws.layer.corrections.distributions import aliases, child, config, of_all_accounts, refused
from sandbox.aws.layer.corrections.wrapping import Answer

# Paths of the lists that MiniStack gives as a whole.
_LISTS = re.compile(
    r"/2020-05-31/(?:distribution|origin-access-control|cache-policy|origin-request-policy"
    r"|response-headers-policy|distributionsBy(?:CachePolicy|OriginRequestPolicy|ResponseHeadersPolicy)Id/[^/]+)/?"
)
_MOST = 100


def paged(path: str, query: Mapping[str, Any], answer: Answer) -> Answer:
    """The page that was asked for, where the answer is a whole list."""
    if answer[0] != 200 or not _LISTS.fullmatch(path):
        return answer
    root = cloudfront._strip_namespace(cloudfront._parse_body(answer[2]))
    size = cloudfront._qval(query, "MaxItems") or str(_MOST)
    if not re.fullmatch(r"[1-9]\d*", size):
        return refused("InvalidArgument", "The parameter MaxItems is not valid.", 400)
    _cut(root, cloudfront._qval(query, "Marker") or "", min(int(size), _MOST))
    return answer[0], answer[1], _written(root)


def _cut(root: Element, marker: str, size: int) -> None:
    """Leave a page in the list: what follows the entry that the marker names."""
    listed = child(root, "Items")
    entries = sorted([] if listed is None else listed, key=_name)
    rest = [entry for entry in entries if _name(entry) > marker]
    page = rest[:size]
    told = {"MaxItems": str(size), "Quantity": str(len(page))}
    if child(root, "Marker") is not None:
        told |= {"Marker": marker, "IsTruncated": str(len(rest) > size).lower()}
    for member, value in told.items():
        found = child(root, member)
        (SubElement(root, member) if found is None else found).text = value
    if len(rest) > size:
        SubElement(root, "NextMarker").text = _name(page[-1])
    if listed is not None:
        listed[:] = page
        if not page:
            root.remove(listed)


def _name(entry: Element) -> str:
    """The id of what an entry of a list is about."""
    found = next((each for each in entry.iter() if cloudfront._local_tag_name(each) == "Id"), entry)
    return found.text or ""


def _written(root: Element) -> bytes:
    root.set("xmlns", cloudfront.NS)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode").encode()


def conflicting_aliases(query: Mapping[str, Any]) -> Answer:
    """ListConflictingAliases: who has an alias or one that overlaps it, in part hidden as AWS does."""
    if cloudfront._qval(query, "DistributionId") not in cloudfront._distributions:
        return refused("NoSuchDistribution", "The specified distribution does not exist.", 404)
    wanted = str(cloudfront._qval(query, "Alias")).lower()
    root = Element("ConflictingAliasesList")
    found = [
        (alias, distribution["Id"], account)
        for account, distribution in of_all_accounts()
        for alias in aliases(config(distribution))
        if _overlap(alias, wanted)
    ]
    SubElement(root, "MaxItems").text = str(_MOST)
    SubElement(root, "Quantity").text = str(len(found))
    listed = SubElement(root, "Items")
    for alias, number, account in sorted(found):
        entry = SubElement(listed, "ConflictingAlias")
        SubElement(entry, "Alias").text = alias
        SubElement(entry, "DistributionId").text = "*" * 7 + number[7:]
        SubElement(entry, "AccountId").text = "*" * 6 + account[6:]
    return 200, {"Content-Type": "text/xml"}, _written(root)


def _overlap(one: str, other: str) -> bool:
    """The same name, or a wildcard and what it stands for."""
    return one == other or any(
        wide.startswith("*.") and narrow.endswith(wide[1:]) for wide, narrow in ((one, other), (other, one))
    )
