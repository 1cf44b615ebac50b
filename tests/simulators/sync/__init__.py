"""Feeds against the simulated account, over HTTP."""
