"""The function that runs actions against the providers."""
