"""What can be asked of any HTTP API."""
