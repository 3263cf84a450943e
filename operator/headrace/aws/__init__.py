"""REACHES: sessions, clients, pacing and counting. The only place that may import botocore and boto3."""
