"""Messages that could not be done: kept, listed, mended, sent back once, or given up."""
