"""A token of a user-assigned managed identity, from the Azure machine or service it is given to.

App Service, Functions and Container Apps name an address and a secret header in the environment
("How to use managed identities for App Service and Azure Functions", Microsoft Learn), a virtual
machine has one fixed address ("How to use managed identities for Azure resources on an Azure VM to
acquire an access token"). `AZURE_POD_IDENTITY_AUTHORITY_HOST` names another (msal).
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import httpx

from adapters.http.answers import Answer
from adapters.http.client import CloudClient

MACHINE = "http://169.254.169.254"
RENEWED = 410  # the machine's service is being renewed, which takes a minute
REFUSALS = (400, 401, 403, 404, RENEWED)


async def ask(client_id: str, resource: str, environ: Mapping[str, str] = os.environ) -> Answer:
    """The answer with the token, or one of `REFUSALS`. Raises CloudError.

    No proxy is asked: the address is this machine's own. An identity's header is a secret.
    """
    query = {"resource": resource, "client_id": client_id}
    address, secret = environ.get("IDENTITY_ENDPOINT"), environ.get("IDENTITY_HEADER")
    if address and secret:
        query["api-version"], headers = "2019-08-01", {"X-IDENTITY-HEADER": secret}
    else:
        host = environ.get("AZURE_POD_IDENTITY_AUTHORITY_HOST", MACHINE).rstrip("/")
        address = f"{host}/metadata/identity/oauth2/token"
        query["api-version"], headers = "2018-02-01", {"Metadata": "true"}
    async with httpx.AsyncClient(trust_env=False, timeout=httpx.Timeout(10, connect=2)) as http:
        client = CloudClient(http, address, where="the managed identity")
        return await client.get(address, query, headers=headers, accept=REFUSALS)
