"""The tests of Headrace and of its sandbox."""
