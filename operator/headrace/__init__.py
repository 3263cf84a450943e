"""Headrace: an operator for S3 buckets and CloudFront distributions."""

__version__ = "0.1.0"
