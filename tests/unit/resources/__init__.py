"""What the registry finds, and the slices that it finds."""
