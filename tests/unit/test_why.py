"""What `why APP` says of a verdict: true, with its age, and what is next, in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from bot.chat.inventory import reasons
from bot.chat.words import Words
from bot.domain.evidence.rules import Evidence
from bot.domain.inventory.waivers import Waiver
from bot.message import Buttons, Group, Text
from tests.drawing import check_drawn
from tests.examples import RECORD
from tests.reading import text_of
from tests.unit.test_assessment import (
    ACCOUNT,
    DAY,
    DISABLED,
    HEALTHY,
    NOT_CONSENTED,
    NOW,
    OFF,
    ON,
    SECOND,
    K,
    event,
    fact,
    unread,
)


def why(body: list[Evidence], language: str) -> str:
    """All that is said of this evidence, drawable on both platforms."""
    record = replace(RECORD, evidence=tuple(body), scanned_at=NOW, assessed_at=NOW)
    message = reasons.why(Words(language), record, NOW)
    check_drawn(message)
    return text_of(message)


REFUSED = Evidence(K.ADMIN_PASSWORD_REJECTED, NOW, ACCOUNT.at - SECOND, {}, "r")
CALL = {"call": "GET /x", "where": "contoso", "says": "x", "reason": "cloud_unreachable"}


def failing(part: str) -> Evidence:
    failed = unread(part, since=3)
    return replace(failed, detail={**failed.detail, **CALL})


SAID: list[tuple[str, list[Evidence], tuple[str, ...], tuple[str, ...]]] = [
    ("proven: found now, and since when it is there", [*HEALTHY], ("proven, just now",
     "seen just now, there since April 16, 2026", "nothing to do"), ("belegt, gerade eben",
     "gesehen gerade eben, vorhanden seit 16. April 2026")),
    ("likely: what came after the proof, and how to be sure", [*HEALTHY, event(K.SETTINGS_SAVED, 40,
     by="Ada")], ("because of this: Ada saved the app’s settings (1 month ago)", "To be sure now"),
     ("und zwar deshalb: Ada hat die Einstellungen der App gespeichert (vor 1 Monat)",)),
    ("likely: nobody has looked for a week", [replace(one, seen_at=NOW - 7 * DAY)
     for one in HEALTHY], ("because I have not seen this again since: Provisioning is on (seen 1"
     " week ago)",), ("denn das habe ich seitdem nicht wieder gesehen: ", "(gesehen vor 1 Woche)")),
    ("likely: what is not read any more, since when, and where", [*HEALTHY, failing("log")],
     ("GET /x at contoso: There was no answer (since October 30, 2026)", "Okta System Log"),
     ("Es kam keine Antwort (seit 30. Oktober 2026)",)),
    ("old: as of when, and that it is Microsoft that is not read", [ON, fact(K.SERVICE_ACCOUNT, 300,
     made=500), fact(K.TENANT_CONSENTED, 300, made=500), failing("microsoft")],
     ("likely, 10 months ago", "read GET /x at contoso", "seen 10 months ago"),
     ("wahrscheinlich, vor 10 Monaten",)),
    ("contradicted: both, in no order that is not known", [*HEALTHY, REFUSED],
     ("The evidence conflicts", "On the other hand: Microsoft rejected"), ("Das widerspricht sich",
     "Dagegen: Microsoft hat")),
    ("gone: consent again", [ON, ACCOUNT, fact(K.TENANT_CONSENTED, 1, made=200), NOT_CONSENTED],
     ("needs consent", "the consent is gone", "a Global Administrator presses", "1 day ago"),
     ("Zustimmung fehlt", "war da und ist weg")),
    ("disabled: enable it", [ON, ACCOUNT, DISABLED], ("enterprise application is disabled",
     "an administrator enables it"), ("Unternehmensanwendung ist im Tenant deaktiviert",)),
    ("off: nothing", [OFF], ("Provisioning is off",), ("Die Bereitstellung ist aus",)),
    ("unreadable: what is missing", [failing("connection")], ("cannot be read",
     "cannot say what it needs"), ("nicht lesbar",)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "english", "german"), [s[1:] for s in SAID], ids=[s[0] for s in SAID]
)
def test_why_is_understood_without_the_docs(
    body: list[Evidence], english: tuple[str, ...], german: tuple[str, ...]
) -> None:
    """Nothing is said that the evidence does not show."""
    for language, parts in (("en", english), ("de", german)):
        said = why(body, language)
        for part in parts:
            assert part in said, said


WAIVER = Waiver(
    until=date(2027, 1, 31),
    ends_at=datetime(2027, 2, 1, tzinfo=UTC),
    why="retired in <January> & not needed",
    by="slack:U0OPS",
    by_name="Oskar Okta",
    since=NOW,
)


@pytest.mark.parametrize(
    ("language", "says"),
    [
        (
            "en",
            "Accepted as it is until January 31, 2027, by Oskar Okta: "
            "retired in <January> & not needed",
        ),
        (
            "de",
            "Bleibt auf Wunsch von Oskar Okta bis zum 31. Januar 2027, wie sie ist: "
            "retired in <January> & not needed",
        ),
    ],
)
def test_of_a_waived_app_it_says_by_whom_why_and_until_when_above_the_evidence(
    language: str, says: str
) -> None:
    """The state and what it rests on stay: a waiver changes neither."""
    body = (ON, NOT_CONSENTED)
    record = replace(RECORD, evidence=body, scanned_at=NOW, assessed_at=NOW, waiver=WAIVER)
    message = reasons.why(Words(language), record, NOW)
    check_drawn(message)
    texts = [block.text if isinstance(block, Text) else "" for block in message.blocks]
    groups = [isinstance(block, Group) for block in message.blocks]
    assert texts.index(says) == 1 < groups.index(True), "first of all, below the title"
    plain = reasons.why(Words(language), replace(record, waiver=None), NOW)
    told, told_without = (
        {block for block in one.blocks if not isinstance(block, Buttons)}
        for one in (message, plain)
    )
    assert told > told_without


def test_a_waiver_that_is_over_or_not_needed_is_not_told() -> None:
    """Nor is one of an app that turned out to be migrated."""
    for body, now in (((ON, NOT_CONSENTED), WAIVER.ends_at), (HEALTHY, NOW)):
        record = replace(RECORD, evidence=body, scanned_at=NOW, assessed_at=NOW, waiver=WAIVER)
        assert "Oskar" not in text_of(reasons.why(Words("en"), record, now))
