"""Any HTTP API that the deployer allowed: requests as a rule or a caller describes them."""
