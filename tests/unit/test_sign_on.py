"""Sign-on beside provisioning: what is known of it, and that it weighs in nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.chat.inventory.signing_on import note
from bot.chat.words import Words
from bot.domain.evidence.assessment import assess
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.inventory.records import AppRecord
from bot.domain.inventory.right_tenant import TenantDomain, right_tenant
from bot.domain.inventory.sign_on import KnownSignOn, SignOn, sign_on
from tests.examples import APP, NOW

OURS = "https://contoso.okta.com"


@pytest.mark.parametrize(
    ("mode", "configured", "expected"),
    [
        ("SAML_1_1", "AUTO", SignOn.AUTOMATIC),
        ("SAML_1_1", "auto", SignOn.AUTOMATIC),
        ("SAML_1_1", "MANUAL", SignOn.MANUAL),
        ("SAML_1_1", "POWERSHELL", SignOn.MANUAL),
        ("SAML_1_1", None, SignOn.UNTOLD),
        ("SAML_1_1", 7, SignOn.UNTOLD),
        # As recorded: the setting says AUTO also where nothing is federated.
        ("BROWSER_PLUGIN", "AUTO", SignOn.NONE),
        ("", "AUTO", SignOn.UNTOLD),
        ("SOMETHING_NEW", "AUTO", SignOn.UNTOLD),
    ],
)
def test_how_an_app_signs_on_is_read_from_two_settings(
    mode: str, configured: object, expected: SignOn
) -> None:
    """`wsFedConfigureType` counts only where the app federates at all."""
    app = replace(APP, sign_on_mode=mode, other={"wsFedConfigureType": configured})
    assert sign_on(app, ()) == KnownSignOn(expected)


@pytest.mark.parametrize(
    ("federated", "sign_ins", "expected"),
    [
        (True, (f"{OURS}/app/x",), True),
        (True, ("https://adfs.contoso.com/adfs/ls",), True),
        (True, (), True),
        (False, (), False),
        (None, (), None),
    ],
)
def test_whether_the_domain_is_federated_is_microsofts_to_say(
    federated: bool | None, sign_ins: tuple[str, ...], expected: bool | None
) -> None:
    """From the list of domains; the newest look counts."""
    domain = TenantDomain("contoso.com", True, federated, (), sign_ins)
    evidence = right_tenant(APP, {"contoso.com": domain}, OURS, NOW)
    assert sign_on(APP, evidence).federated is expected
    later = Evidence(
        EvidenceKind.DOMAIN_IN_TENANT,
        NOW + timedelta(days=1),
        detail={"name": "contoso.com", "signs_in": "managed"},
    )
    assert sign_on(APP, (later, *evidence)).federated is False


def test_evidence_of_the_version_before_does_not_tell() -> None:
    """It names the domain alone."""
    old = Evidence(EvidenceKind.DOMAIN_IN_TENANT, NOW, detail={"name": "contoso.com"})
    assert sign_on(APP, (old,)).federated is None


def test_sign_on_never_changes_what_is_said_of_provisioning() -> None:
    """The same verdict with every setting and every federation."""
    on = Evidence(EvidenceKind.CONNECTION_ON, NOW)
    verdicts = set()
    for federated in (True, False, None):
        domain = TenantDomain("contoso.com", True, federated, (), (f"{OURS}/app/x",))
        found = right_tenant(APP, {"contoso.com": domain}, OURS, NOW)
        assessment = assess((on, *found), NOW)
        verdicts.add((assessment.state, assessment.confidence))
    assert len(verdicts) == 1


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_note_says_what_is_set_up_at_both_ends(language: str) -> None:
    """In the reader's language, and without a verdict."""
    app = replace(APP, sign_on_mode="SAML_1_1", other={"wsFedConfigureType": "AUTO"})
    seen = Evidence(EvidenceKind.DOMAIN_IN_TENANT, NOW, detail={"signs_in": "managed"})
    text = note(Words(language), AppRecord(app, evidence=(seen,))).text
    assert "WS-Federation" in text
    assert app.domain in text
