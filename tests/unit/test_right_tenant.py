"""Whether app, org and tenant belong together; and what makes evidence worth less."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.evidence.assessment import assess
from bot.domain.evidence.caveats import Caveat, caveats
from bot.domain.evidence.rules import RULES, Direction, Evidence, EvidenceKind
from bot.domain.inventory.right_tenant import MISMATCHES, TenantDomain, right_tenant
from tests.examples import APP, NOW, ON_A_PASSWORD

OURS = "https://contoso.okta.com"
ISSUER = "http://www.okta.com/exk1"


def federated(*sign_ins: str, issuer: str = "") -> TenantDomain:
    return TenantDomain("contoso.com", True, None, (issuer,) if issuer else (), sign_ins)


def kinds(domain: TenantDomain | None, org_url: str = OURS) -> set[EvidenceKind]:
    domains = {domain.name: domain} if domain else {}
    return {item.kind for item in right_tenant(APP, domains, org_url, NOW)}


@pytest.mark.parametrize("domain", [None, TenantDomain("contoso.com", verified=False)])
def test_a_domain_that_the_tenant_has_not_verified_is_a_mismatch(
    domain: TenantDomain | None,
) -> None:
    """It was typed into Okta, and may lead to a stranger's tenant."""
    assert kinds(domain) == {EvidenceKind.DOMAIN_NOT_IN_TENANT}


@pytest.mark.parametrize(
    ("domain", "org_url", "says"),
    [
        (federated(f"{OURS}/app/office365/x/sso/wsfed/passive"), OURS, "with_okta"),
        (federated("https://LOGIN.contoso.com/x"), "https://login.contoso.com", "with_okta"),
        (federated("https://fabrikam.okta.com/x", issuer=ISSUER), OURS, "elsewhere"),
        (federated("https://adfs.contoso.com/adfs/ls"), OURS, "elsewhere"),
        (federated("https://contoso.okta.com/x"), "https://login.contoso.com", ""),
        (federated("https://login.contoso.com/x", issuer=ISSUER), OURS, ""),
        (federated("https://login.contoso.mil/x", issuer="http://www.okta.mil/exk1"), OURS, ""),
        (federated("https://contoso.okta-gov.com/x"), "https://fabrikam.okta-gov.com", "elsewhere"),
        (federated("https://contoso.okta.com/x"), "", ""),
        (federated(), OURS, ""),
    ],
)
def test_where_a_domain_signs_in_is_told_only_when_it_can_be(
    domain: TenantDomain, org_url: str, says: str
) -> None:
    """An org has a name of Okta's and may have one of its own: either may stand in the settings."""
    found = kinds(domain, org_url) - {EvidenceKind.DOMAIN_IN_TENANT}
    assert {kind.value for kind in found} == ({f"federated_{says}"} if says else set())


def test_an_app_without_a_domain_is_compared_with_nothing() -> None:
    """No evidence, rather than a mismatch."""
    assert right_tenant(replace(APP, domain=""), {}, OURS, NOW) == ()


def test_a_mismatch_decides_nothing() -> None:
    """It is a hint: the state is the same with it and without."""
    warned = [*ON_A_PASSWORD, *(Evidence(kind, NOW) for kind in MISMATCHES)]
    assert assess(warned, NOW).state is assess(ON_A_PASSWORD, NOW).state
    for kind in MISMATCHES:
        assert RULES[kind].leans == (Direction.HINT,)


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ({"publisher_is_okta": "no", "found_by": "name", "enabled": "yes"}, {Caveat.NAME_ONLY}),
        ({"publisher_is_okta": "no", "found_by": "id", "enabled": "yes"}, set()),
        ({"publisher_is_okta": "yes", "found_by": "name", "enabled": "no"}, {Caveat.DISABLED}),
        ({"publisher_is_okta": "yes", "writes": "no"}, {Caveat.READS_ONLY}),
        ({"publisher_is_okta": "yes", "writes": "yes"}, set()),
        ({"publisher_is_okta": "yes", "found_by": "name", "enabled": "yes"}, set()),
        ({}, set()),
    ],
)
def test_what_makes_evidence_doubtful_is_said(
    detail: dict[str, str], expected: set[Caveat]
) -> None:
    """A name can be taken by anybody; an id that the organisation configured cannot."""
    consent = Evidence(EvidenceKind.TENANT_CONSENTED, NOW, detail=detail)
    assert set(caveats(consent)) == expected
