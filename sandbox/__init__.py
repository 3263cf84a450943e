"""A whole control plane and an AWS stand-in on this machine, for the demo and the tests; loopback only."""
