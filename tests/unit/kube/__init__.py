"""The way to the API server, against a tiny one on loopback."""
