"""What specs of distributions say in the tests of crashes and faults: first this, then all otherwise."""

from collections.abc import Mapping
from typing import Any


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


def spec_with(media: Mapping[str, Any], settings: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return a spec with these settings, and this as the origin that both need."""
    origins = [{"name": "media", **media}, *settings.get("origins", ())]
    return {**settings, "origins": origins, **more}
