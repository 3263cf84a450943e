"""KNOWS THE API: one module for each custom resource, with its spec, what it expands to, and its outputs."""
