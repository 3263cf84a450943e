"""The AWS-managed policies by name, and the models of inline ones."""

from typing import Literal

from pydantic import Field

from headrace.engine.slices import ApiModel

ManagedCachePolicy = Literal[
    "Amplify",
    "CachingDisabled",
    "CachingOptimized",
    "CachingOptimizedForUncompressedObjects",
    "Elemental-MediaPackage",
    "UseOriginCacheControlHeaders",
    "UseOriginCacheControlHeaders-QueryStrings",
]
ManagedOriginRequestPolicy = Literal[
    "AllViewer",
    "AllViewerAndCloudFrontHeaders-2022-06",
    "AllViewerExceptHostHeader",
    "CORS-CustomOrigin",
    "CORS-S3Origin",
    "Elemental-MediaTailor-PersonalizedManifests",
    "HostHeaderOnly",
    "UserAgentRefererHeaders",
]
ManagedResponseHeadersPolicy = Literal[
    "CORS-and-SecurityHeadersPolicy",
    "CORS-With-Preflight",
    "CORS-with-preflight-and-SecurityHeadersPolicy",
    "SecurityHeadersPolicy",
    "SimpleCORS",
]


class _Comment(ApiModel):
    comment: str = Field("", max_length=128, description="What people are to know of the policy.")


class CachePolicy(_Comment):
    """What the cache is keyed by, and how long it keeps."""


class OriginRequestPolicy(_Comment):
    """What of a request goes to the origin."""


class ResponseHeadersPolicy(_Comment):
    """Headers that are added to answers, and taken out of them."""
