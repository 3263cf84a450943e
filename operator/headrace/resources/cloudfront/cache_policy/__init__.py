"""A cache policy: what is part of the cache key, and how long objects are cached."""
