"""The copy of a provider's records in S3: its history, its current view, its manifests."""
