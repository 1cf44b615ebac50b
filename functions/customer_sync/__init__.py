"""The function that keeps customers the same in both products."""
