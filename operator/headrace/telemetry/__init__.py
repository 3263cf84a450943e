"""COUNTS: the operator's metrics, and the server for probes and scrapes."""
