"""Every state of every kind: how each is brought about, what was recorded, and what tools say of it."""
