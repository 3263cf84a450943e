"""The records of an alias of a distribution in a hosted zone, and the TXT record that says whose they are."""
