"""A distribution of CloudFront: its presence, and a module for each part of its configuration."""
