"""What happened at the provider: authenticated, read, and put into one shape."""
