"""Headrace: a Kubernetes operator for accelerated S3 buckets, distributions and data pipelines on AWS."""

__version__ = "0.1.0"
