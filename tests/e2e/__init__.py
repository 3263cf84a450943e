"""Tests against a real control plane, and some against the AWS stand-in too."""
