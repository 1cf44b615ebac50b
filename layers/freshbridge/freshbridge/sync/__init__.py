"""The scheduled copy of a provider's records into S3."""
