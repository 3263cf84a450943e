"""The tests of the sandbox itself."""
