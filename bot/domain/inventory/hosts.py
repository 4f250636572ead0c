"""The names that Okta and Microsoft give out themselves, in each of their clouds."""

from __future__ import annotations

from bot.domain.normalization import exact

# Orgs live below these (developer.okta.com, "Okta organizations"; okta-gov.com and okta.mil are
# Okta for Government High and for US Military). An org may have a domain of the customer's besides.
OKTA_DOMAINS = ("okta.com", "okta-emea.com", "oktapreview.com", "okta-gov.com", "okta.mil")

# A tenant's first domain is its short name below one of these: worldwide and GCC, GCC High and DoD,
# and 21Vianet in China. Some tenants of the US Government clouds have the worldwide one.
INITIAL_DOMAINS = ("onmicrosoft.com", "onmicrosoft.us", "partner.onmschina.cn")


def is_oktas(host: str) -> bool:
    """True for a host below one of Okta's own domains, or such a domain itself."""
    return _below(host, OKTA_DOMAINS)


def is_initial(domain: str) -> bool:
    """True for a domain that Microsoft gave a tenant: it belongs to no company's mail."""
    return _below(domain, INITIAL_DOMAINS)


def _below(name: str, domains: tuple[str, ...]) -> bool:
    host = exact(name)
    return any(host == known or host.endswith(f".{known}") for known in domains)
