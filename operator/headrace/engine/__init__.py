"""DECIDES: what differs between a wish and the cloud, and in which order to put it right.

Only pydantic and the standard library may be used here; no AWS, no Kubernetes, no clock, no files.
"""
