"""How each list of a provider is read, page by page, so that nothing is passed over."""
