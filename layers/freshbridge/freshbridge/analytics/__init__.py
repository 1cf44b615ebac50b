"""Help-desk figures over a period: how they are defined, counted, and where their data is from."""
