"""The HTTP API of connector instances."""
