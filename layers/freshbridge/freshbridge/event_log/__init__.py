"""What came in and what became of it: kept events, their trail, and routing them once more."""
