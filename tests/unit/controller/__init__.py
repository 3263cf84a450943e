"""The controller, with an API server and a cloud that are dicts."""
