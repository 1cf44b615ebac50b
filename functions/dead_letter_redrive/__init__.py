"""The function that gives dead letters another chance."""
