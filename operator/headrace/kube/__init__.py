"""LISTENS: the watch, the API client and events. The only place that may import kopf and kubernetes."""
