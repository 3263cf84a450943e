"""What lies between us and AWS: errors, pacing, counting, clients."""
