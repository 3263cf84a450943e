"""The operator's image: how it is made, and what is in it."""
