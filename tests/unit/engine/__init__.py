"""The engine, against a cloud that is a dict."""
