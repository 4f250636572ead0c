"""From a domain to its tenant, and which hosts a token may go to."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from adapters.entra.client import EntraClient
from bot.domain.inventory.apps import Tenant
from bot.errors import CloudAnswerInvalid, CloudNotFound, CloudRefused
from sandbox.company.records import Reply
from tests.contract.entra.microsoft import ROLES, TENANT_ID, Microsoft, metadata
from tests.contract.loopback import SteppingClock
from tests.serving import served

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_domain_leads_to_its_tenant(microsoft: Microsoft) -> None:
    """The id comes from the issuer; a Graph host that the settings name wins."""
    tenant = await microsoft.client.find_tenant("Contoso.Example.")
    assert tenant == Tenant(
        TENANT_ID, "contoso.example", urlsplit(microsoft.graph_url).netloc, region="EU"
    )
    assert (await microsoft.client.find_tenant(TENANT_ID)).id == TENANT_ID


async def test_a_domain_is_looked_up_once_a_day(microsoft: Microsoft, clock: SteppingClock) -> None:
    """Apps of one tenant share the answer; after a day it is asked again."""
    for _ in range(3):
        await microsoft.client.find_tenant("contoso.example")
    assert microsoft.discovered == ["contoso.example"]
    clock.forward(86_400)
    await microsoft.client.find_tenant("contoso.example")
    assert len(microsoft.discovered) == 2


async def test_a_domain_that_microsoft_does_not_know_has_no_tenant(microsoft: Microsoft) -> None:
    """A 400 that says `invalid_tenant` is an answer: there is none."""
    with pytest.raises(CloudNotFound) as caught:
        await microsoft.client.find_tenant("gone.example.com")
    assert caught.value.where == "gone.example.com"
    assert "Okta app's settings" in caught.value.hint


@pytest.mark.parametrize(
    "name",
    [
        "",
        "contoso",
        "common",
        "organizations",
        "../common",
        "contoso.example/../x",
        "contoso.example?x=1",
        "contoso example.com",
        "contoso.example\r\nX: y",
        "user@contoso.example",
        "-contoso.example",
        "a..example",
        "x" * 64 + ".example",
        "127.0.0.1:80/x.example",
        "contoso.example#",
        "%2e%2e/contoso.example",
    ],
)
async def test_what_is_no_domain_is_never_sent(microsoft: Microsoft, name: str) -> None:
    """The name comes from an Okta app's settings, where anything may have been typed."""
    with pytest.raises(CloudNotFound):
        await microsoft.client.find_tenant(name)
    assert microsoft.discovered == []


async def test_a_domain_with_letters_beyond_ascii_is_asked_for_in_its_dns_form(
    microsoft: Microsoft,
) -> None:
    """Internationalised names are sent as DNS knows them."""
    microsoft.discovery["xn--bcher-kva.example"] = Reply(
        200, metadata(microsoft.login_url, "graph.microsoft.com")
    )
    assert (await microsoft.client.find_tenant("bücher.example")).domain == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(200, "<html>Sign in</html>"), id="a web page"),
        pytest.param(Reply(200, '{"issuer": "https://login'), id="truncated"),
        pytest.param(Reply(200, []), id="a list"),
        pytest.param(Reply(200, {}), id="no issuer"),
        pytest.param(Reply(200, {"issuer": 7}), id="an issuer of another type"),
        pytest.param(Reply(200, {"issuer": "https://[x"}), id="an issuer that is no address"),
        pytest.param(Reply(200, {"issuer": "https://x/{tenantid}/v2.0"}), id="a template"),
        pytest.param(Reply(200, b" " * (10 * 1024 * 1024 + 1)), id="10 MB"),
        pytest.param(Reply(302, "", {"Location": "https://fabrikam.com/"}), id="a redirect"),
    ],
)
async def test_a_metadata_document_that_is_none_is_an_invalid_answer(
    microsoft: Microsoft, reply: Reply
) -> None:
    """Whatever comes instead ends in one typed error that names the domain and the call."""
    microsoft.discovery["contoso.example"] = reply
    with pytest.raises(CloudAnswerInvalid) as caught:
        await microsoft.client.find_tenant("contoso.example")
    assert caught.value.where == "contoso.example"
    assert "openid-configuration" in caught.value.call


async def test_a_tenant_id_that_is_answered_with_another_tenant_is_refused(
    microsoft: Microsoft,
) -> None:
    """Asking for one tenant by its id must not lead into another."""
    other = TENANT_ID.replace("1", "7")
    microsoft.discovery[other] = Reply(200, metadata(microsoft.login_url, "graph.microsoft.com"))
    with pytest.raises(CloudAnswerInvalid, match="another tenant"):
        await microsoft.client.find_tenant(other)


# ------------------------------------------------------------------ where a token may go


@pytest.mark.parametrize("host", ["graph.microsoft.us", "microsoftgraph.chinacloudapi.cn"])
async def test_a_tenant_of_another_cloud_is_found_but_gets_no_token(
    microsoft: Microsoft, clock: SteppingClock, host: str
) -> None:
    """App registrations belong to one cloud, so the way out is named instead of trying."""
    microsoft.discovery["contoso.example"] = Reply(200, metadata(microsoft.login_url, host))
    settings = microsoft.settings(graph_url="https://graph.microsoft.com")
    client = EntraClient(settings, clock)
    tenant = await client.find_tenant("contoso.example")
    assert tenant.graph_host == host
    with pytest.raises(CloudRefused, match="another Microsoft cloud") as caught:
        await client.global_admins(tenant)
    assert "entra.login_url" in caught.value.hint
    assert microsoft.token_forms == []
    await client.aclose()


async def test_a_graph_host_that_is_not_microsofts_is_refused_at_discovery(
    microsoft: Microsoft, clock: SteppingClock
) -> None:
    """A document that names a foreign host does not send tokens there."""
    microsoft.discovery["contoso.example"] = Reply(
        200, metadata(microsoft.login_url, "graph.microsoft.com.attacker.example")
    )
    client = EntraClient(microsoft.settings(graph_url="https://graph.microsoft.com"), clock)
    with pytest.raises(CloudAnswerInvalid, match="not known"):
        await client.find_tenant("contoso.example")
    await client.aclose()


async def test_a_tenant_record_with_a_foreign_graph_host_gets_no_token(
    microsoft: Microsoft,
) -> None:
    """Even a record that was stored or made elsewhere cannot lead a token astray."""
    tenant = Tenant(TENANT_ID, "contoso.example", "127.0.0.1:9")
    with pytest.raises(CloudRefused, match="no Microsoft Graph host"):
        await microsoft.client.global_admins(tenant)
    assert microsoft.token_forms == []


async def test_a_next_link_to_another_host_is_refused_and_the_host_never_hears_of_it(
    microsoft: Microsoft,
) -> None:
    """A token must not follow a link out of Graph."""
    heard: list[str] = []

    async def elsewhere(request: Request) -> JSONResponse:
        heard.append(request.headers.get("authorization", ""))
        return JSONResponse({"value": []})

    app = Starlette(routes=[Route("/{path:path}", elsewhere)])
    async with served(lambda url: app) as other:
        microsoft.graph[ROLES] = {"value": [], "@odata.nextLink": f"{other}/v1.0{ROLES}?page=2"}
        with pytest.raises(CloudAnswerInvalid, match="another host"):
            await microsoft.read_admins()
        microsoft.graph[ROLES] = Reply(302, "", {"Location": f"{other}/v1.0{ROLES}"})
        with pytest.raises(CloudAnswerInvalid, match="redirect"):
            await microsoft.read_admins()
    assert heard == []
