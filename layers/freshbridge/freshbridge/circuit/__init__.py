"""A circuit per instance: while its provider is down or refuses its key, its work waits unsent."""
