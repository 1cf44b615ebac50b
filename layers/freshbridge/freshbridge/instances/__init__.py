"""Connector instances: one connected account each, its settings, and its secrets."""
