"""Many at once: rows read from lists and files, their progress, their results."""
