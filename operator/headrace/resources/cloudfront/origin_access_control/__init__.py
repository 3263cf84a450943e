"""An origin access control: how CloudFront signs its requests to an origin."""
