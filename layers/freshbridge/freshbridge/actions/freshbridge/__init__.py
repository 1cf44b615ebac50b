"""What the stack itself can be asked to do."""
