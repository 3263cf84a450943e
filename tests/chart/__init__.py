"""The charts: what Helm makes of them, what it refuses, and what an API server and others say to that."""
