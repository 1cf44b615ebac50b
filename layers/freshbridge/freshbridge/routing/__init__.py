"""From a message of the event queue to rules that have run and subscribers that were told."""
