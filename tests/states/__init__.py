"""Every state of every kind: how each is brought about on the sandbox, what was recorded, what tools say of it."""
