"""The kinds: what their specs, statuses and expansions say."""
