"""What each module does on its own, with fakes where it is pure and the real thing where there is one."""
