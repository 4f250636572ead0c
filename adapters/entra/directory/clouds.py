"""Microsoft's clouds: which hosts may be asked, and which of them belong together.

From "National clouds" (Microsoft identity platform) and "National cloud deployments" (Microsoft
Graph). An app registration belongs to one cloud, and so do its tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from bot.domain.inventory.hosts import INITIAL_DOMAINS
from bot.domain.normalization import exact
from bot.errors import CloudRefused
from bot.settings.sections.clouds import EntraSettings

GLOBAL_GRAPH = "graph.microsoft.com"

# Graph host to sign-in host. GCC is served by the global hosts.
SIGN_IN_OF: Mapping[str, str] = {
    GLOBAL_GRAPH: "login.microsoftonline.com",
    "graph.microsoft.us": "login.microsoftonline.us",  # GCC High
    "dod-graph.microsoft.us": "login.microsoftonline.us",  # DoD
    "microsoftgraph.chinacloudapi.cn": "login.partner.microsoftonline.cn",  # 21Vianet
    "graph.svc.sovcloud.fr": "login.sovcloud-identity.fr",  # Bleu
    "graph.svc.sovcloud.de": "login.sovcloud-identity.de",  # Delos
    "graph.svc.sovcloud.sg": "login.sovcloud-identity.sg",  # GovSG
}


# 21Vianet offers no directory audit ("List directoryAudits", national cloud deployments).
_WITHOUT_AUDITS = frozenset({"microsoftgraph.chinacloudapi.cn"})

# What the initial domains of a cloud's tenants end in, the usual one first; the others that are
# known come after them. For the sovereign clouds none is published.
_INITIAL_OF: Mapping[str, tuple[str, ...]] = {
    "login.microsoftonline.us": ("onmicrosoft.us", "onmicrosoft.com"),
    "login.partner.microsoftonline.cn": ("partner.onmschina.cn",),
    "login.chinacloudapi.cn": ("partner.onmschina.cn",),
}


def keeps_audits(graph_host: str) -> bool:
    """False where the cloud offers no directory audit, so that asking for it is in vain."""
    return graph_host not in _WITHOUT_AUDITS


def initial_domains(settings: EntraSettings) -> tuple[str, ...]:
    """What a tenant's short name may be followed by, in the settings' cloud first."""
    own = _INITIAL_OF.get(urlsplit(settings.login_url).netloc, ())
    return tuple(dict.fromkeys((*own, *INITIAL_DOMAINS)))


def graph_host(settings: EntraSettings, told: str) -> str:
    """The Graph host of a tenant whose discovery document told `told`.

    A host of the settings that is none of Microsoft's wins (a test server, a gateway). "" when the
    told host is none of Microsoft's and no other is named: nothing is ever sent there.
    """
    configured = urlsplit(settings.graph_url).netloc
    if configured not in SIGN_IN_OF or not told:
        return configured
    if exact(told) in SIGN_IN_OF:
        return exact(told)
    return configured if configured != GLOBAL_GRAPH else ""


def is_served(settings: EntraSettings, host: str) -> bool:
    """True when the settings' registration can get a token for that Graph host."""
    try:
        graph_url(settings, host, where="")
    except CloudRefused:
        return False
    return True


def graph_url(settings: EntraSettings, host: str, *, where: str) -> str:
    """The address of a tenant's Graph. Raises CloudRefused for a host that gets no token."""
    sign_in = urlsplit(settings.login_url).netloc
    fits = sign_in in (SIGN_IN_OF.get(host), *_OLDER.get(host, ()))
    # Hosts that are none of Microsoft's belong together as the settings say.
    ours = host not in SIGN_IN_OF or sign_in not in SIGN_IN_OF.values()
    if host == urlsplit(settings.graph_url).netloc and (fits or ours):
        return settings.graph_url
    if fits:
        return f"https://{host}"
    if host in SIGN_IN_OF:
        raise CloudRefused(
            f"The tenant lives in another Microsoft cloud ({host}).",
            where=where,
            call="POST /oauth2/v2.0/token",
            hint=f"Register o365bot in that cloud and set entra.login_url to https://{SIGN_IN_OF[host]}.",
        )
    raise CloudRefused(
        f"{host!r} is no Microsoft Graph host, so no token is sent there.",
        where=where,
        call="POST /oauth2/v2.0/token",
        hint="Set entra.graph_url if this host is right.",
    )


# The former name of a sign-in host that some documents still give.
_OLDER: Mapping[str, tuple[str, ...]] = {
    "microsoftgraph.chinacloudapi.cn": ("login.chinacloudapi.cn",)
}
