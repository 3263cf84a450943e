"""KNOWS AWS: one package per AWS resource type, one module per facet."""
