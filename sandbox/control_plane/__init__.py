"""A real Kubernetes control plane on this machine, built from its Go modules, without containers."""
