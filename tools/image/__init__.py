"""The operator's image: its base, its build, and the proof that it works."""
