"""A public certificate that AWS issues and renews, once DNS proves that the names are ours."""
