"""An origin request policy: what of a request of a viewer goes to the origin."""
