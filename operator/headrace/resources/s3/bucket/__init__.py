"""A general purpose bucket of S3: its presence, and a module for each slice of its configuration."""
