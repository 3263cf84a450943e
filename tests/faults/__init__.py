"""The fault matrix: every class of errors at every call of a bucket's life, made from the request log."""
