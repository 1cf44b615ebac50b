"""The functions of the scheduled sync: one plans, one works."""
