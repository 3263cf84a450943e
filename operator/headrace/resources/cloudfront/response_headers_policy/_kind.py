"""How CloudFront's operations call a response headers policy."""

from headrace.resources.cloudfront._named import Named

KIND = Named("ResponseHeadersPolicy", "ResponseHeadersPolicies", {"Type": "custom"}, shared=True)
