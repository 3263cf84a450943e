"""The names of the policies that AWS manages."""

from typing import Literal

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
