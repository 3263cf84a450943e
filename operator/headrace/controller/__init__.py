"""DRIVES: the cache, the queue, the loop and the status. No kopf, no boto3, and any clock it is given."""
