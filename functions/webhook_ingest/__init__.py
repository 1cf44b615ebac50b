"""The function that the internet can reach: verify, store, answer."""
