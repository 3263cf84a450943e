"""What runs in the stand-in's process: it may use the standard library and MiniStack's environment only."""
