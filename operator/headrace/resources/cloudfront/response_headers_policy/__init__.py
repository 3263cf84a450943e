"""A response headers policy: which headers CloudFront adds to responses, and takes out of them."""
