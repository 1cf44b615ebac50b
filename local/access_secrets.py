"""The secrets that callers of the API send, as the deployed stack generated them."""

from collections.abc import Mapping

from local.deploy import DeployError
from local.emulator_clients import Clients


def access_secrets(outputs: Mapping[str, str], clients: Clients) -> tuple[str, str]:
    """Return the User and the Organization secret; raises DeployError when there are none."""
    try:
        ids = outputs["UserSecretId"], outputs["OrganizationSecretId"]
    except KeyError as error:
        raise DeployError(f"the template has no output {error}: who may call the API?") from error
    user, organization = (
        clients.secrets.get_secret_value(SecretId=secret_id)["SecretString"] for secret_id in ids
    )
    return user, organization
