"""How CloudFront's operations call an origin request policy."""

from headrace.resources.cloudfront._named import Named

KIND = Named("OriginRequestPolicy", "OriginRequestPolicies", {"Type": "custom"}, shared=True)
