"""What an account has room for only a few of: laws make many, and one after the other makes room again."""

from typing import Any

_FEW = {
    "cache_policy": "CachePolicy",
    "origin_request_policy": "OriginRequestPolicy",
    "response_headers_policy": "ResponseHeadersPolicy",
}


def make_room(cloudfront: Any) -> None:
    """Delete all policies that AWS does not manage."""
    for name, word in _FEW.items():
        list_all = getattr(cloudfront, f"list_{name.removesuffix('y')}ies")
        for item in list_all(Type="custom")[f"{word}List"].get("Items", []):
            id = item[word]["Id"]
            etag = getattr(cloudfront, f"get_{name}")(Id=id)["ETag"]
            getattr(cloudfront, f"delete_{name}")(Id=id, IfMatch=etag)
