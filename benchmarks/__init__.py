"""Measurements on the sandbox, beside the bare AWS calls in the same run. ``python -m benchmarks``."""
