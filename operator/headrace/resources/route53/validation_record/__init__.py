"""The CNAME by which a hosted zone proves a name to ACM. It serves every certificate of the name."""
