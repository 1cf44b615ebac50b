"""For every test: an AWS region and made-up credentials, set before anything of AWS is imported."""

import os

# Never overwritten: the end-to-end tests bring the local stack's own.
for _name, _value in {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "POWERTOOLS_METRICS_NAMESPACE": "Freshbridge",
    "POWERTOOLS_SERVICE_NAME": "tests",
}.items():
    os.environ.setdefault(_name, _value)
