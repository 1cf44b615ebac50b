"""Events to an instance's callback URLs, in the shape that Open Connectors sends them."""
