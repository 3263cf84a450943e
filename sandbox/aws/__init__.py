"""AWS on this machine: MiniStack behind a layer of ours that records, injects faults and corrects it."""
