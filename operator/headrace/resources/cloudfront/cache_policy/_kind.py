"""How CloudFront's operations call a cache policy."""

from headrace.resources.cloudfront._named import Named

KIND = Named("CachePolicy", "CachePolicies", {"Type": "custom"}, shared=True)
