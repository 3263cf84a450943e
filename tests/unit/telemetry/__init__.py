"""What the operator counts, and the server that tells it."""
