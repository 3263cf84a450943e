"""How CloudFront's operations call an origin access control."""

from headrace.resources.cloudfront._named import Named

KIND = Named("OriginAccessControl", "OriginAccessControls")
