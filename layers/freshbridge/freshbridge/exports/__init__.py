"""One object of the lake as files to download: what is wanted, and how it is written."""
