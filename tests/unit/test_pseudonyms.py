"""Who is named in an audit entry: found wherever they stand, and nobody else."""

from __future__ import annotations

import itertools

import pytest

from bot.domain.changes import AuditEntry
from bot.domain.pseudonyms import Somebody, hidden, shown
from tests.examples import NOW


def hide(entry: AuditEntry) -> tuple[AuditEntry, dict[str, str]]:
    """The entry with pseudonyms, and what they stand for."""
    names: dict[str, str] = {}
    numbers = itertools.count(1)

    def person(name: str) -> str:
        known = {v: k for k, v in names.items()}
        if name not in known:
            names[f"person:{next(numbers):012x}"] = name
        return {v: k for k, v in names.items()}[name]

    def said(actor: str, words: str) -> str:
        pseudonym = f"text:{person(actor)[7:]}.{next(numbers):08x}"
        names[pseudonym] = words
        return pseudonym

    return hidden(entry, person, said), names


# As the services write them.
ENTRIES = {
    "asked": AuditEntry(
        NOW,
        "slack:U9",
        "ask",
        "contoso/0oa1",
        {
            "request": "r1",
            "admin": "7b0e3f6c-0000-0000-0000-000000000001",
            "to": "teams:7b0e3f6c-0000-0000-0000-000000000001",
            "replaces": "",
            "colleague": "sue@contoso.com",
            "why": "asked",
        },
    ),
    "delivered": AuditEntry(
        NOW, "o365bot", "deliver", "contoso/0oa1", {"delivery": "introduction:r1:slack:U1:slack:W2"}
    ),
    "mailed": AuditEntry(
        NOW,
        "o365bot",
        "mail_came_back",
        "mail:ada@contoso.com",
        {"delivery": "round:2026-11-16:mail:ada@contoso.com"},
    ),
    "signed in": AuditEntry(NOW, "entra:7b0e3f6c", "acknowledge", "contoso/0oa1", {"mfa": "amr"}),
    "put off": AuditEntry(
        NOW, "slack:U1", "snooze", "contoso/0oa1", {"until": "2026-12-01", "reason": "I am ill"}
    ),
    "declined": AuditEntry(
        NOW, "slack:U1", "decline", "contoso/0oa1", {"suggestion": "Ben, our man in Bern"}
    ),
    "noted": AuditEntry(
        NOW, "slack:U9", "note_account", "svc-admin", {"said": "owner", "owner": "ada@contoso.com"}
    ),
    "by hand": AuditEntry(NOW, "terminal:ada", "waive", "contoso/0oa1", {"why": "ask ben@x.org"}),
}
NAMES = ("U9", "U1", "W2", "7b0e3f6c", "sue", "ada", "Ben", "ill", "svc-admin", "ben@")


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_nobody_is_named_and_everybody_is_shown_again(entry: AuditEntry) -> None:
    """Ids, refs, states and times stay as they are."""
    kept, names = hide(entry)
    text = f"{kept.actor} {kept.subject} {dict(kept.detail)}"
    assert not [name for name in NAMES if name in text]
    assert shown(kept.actor, names) == entry.actor
    assert shown(kept.subject, names) == entry.subject
    assert {k: shown(v, names) for k, v in kept.detail.items()} == entry.detail


@pytest.mark.parametrize(
    "text",
    [
        "contoso/0oa1",
        "slack:C1",
        "slack:G0123",
        "teams:19:abc@thread.tacv2",
        "nudge:2026-11-16T09:00:00+00:00:teams:19:abc@thread.tacv2:contoso",
        "reminder:2026-11-16:slack:C1",
        "o365bot",
        "00000000-0000-0000-0000-000000000001",
        "",
    ],
)
def test_what_is_nobody_stays_as_it_is(text: str) -> None:
    """Channels, apps, tenants, the bot itself."""
    kept, names = hide(AuditEntry(NOW, "o365bot", "remind", text, {"delivery": text}))
    assert (kept.subject, kept.detail["delivery"], names) == (text, text, {})


def test_somebody_is_found_by_whatever_names_them_and_no_one_else_with_them() -> None:
    """A longer name that contains theirs is somebody else's."""
    somebody = Somebody(["slack:U1", "ada@contoso.com", "Ada Moreau", ""])
    for text in ("slack:U1", "round:1:slack:U1", "ADA@contoso.com", "ask Ada Moreau, please"):
        assert somebody.is_in(text)
    for text in ("slack:U12", "slack:U9", "nada@contoso.com", "ada@contoso.com.au@x", "Ada", ""):
        assert not somebody.is_in(text)


def test_what_somebody_said_goes_with_them() -> None:
    """Also where their words do not name them; what others said about them as well."""
    names = {
        "person:00000000000a": "slack:U1",
        "person:00000000000b": "slack:U12",
        "text:00000000000a.00000001": "I am ill",
        "text:00000000000b.00000002": "on holiday",
        "text:00000000000b.00000003": "ask ada@contoso.com",
    }
    gone = Somebody(["slack:U1", "ada@contoso.com"]).stands_behind(names)
    assert gone == {
        "person:00000000000a",
        "text:00000000000a.00000001",
        "text:00000000000b.00000003",
    }
