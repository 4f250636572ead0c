"""The app package for Teams: a manifest with this installation's own ids, its languages, icons.

Manifest schema 1.29 (Microsoft Learn, "Microsoft 365 app manifest schema reference").
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from adapters.teams.incoming.dialogs import ABOUT
from adapters.teams.outgoing.installing import app_id_of
from bot.chat.words import FALLBACK, Words, languages

VERSION = "1.29"
_SCHEMAS = f"https://developer.microsoft.com/json-schemas/teams/v{VERSION}"
# Whom each list is for: operators type in channels, people who were asked in a chat of their own.
COMMANDS: Mapping[str, Sequence[str]] = {
    "team": ("apps", "who", "why", "send", "plan", "report", "help"),
    "personal": ("mine", "verify", "later", "notme", "away", "apps", "who", "send", "help"),
}
# One package is made twice the same: a zip holds times, and this is its earliest.
_EPOCH = (1980, 1, 1, 0, 0, 0)


def package(
    public_url: str,
    app_id: str,
    publisher: str,
    version: str,
    words: Callable[[str], Words],
    targeted: bool = False,
) -> bytes:
    """The zip, ready to be uploaded in the Teams admin center.

    `app_id` is the bot's Microsoft App ID, `version` three numbers, which must grow with each
    upload. `targeted`: commands can be chosen behind a slash, whose answers the asker alone sees.
    """
    contents: dict[str, bytes] = {
        "manifest.json": _json(
            manifest(public_url, app_id, publisher, version, words(FALLBACK), targeted)
        )
    }
    for language in sorted(set(languages()) - {FALLBACK}):
        contents[f"{language}.json"] = _json(_localized(words(language)))
    for icon in ("color.png", "outline.png"):
        contents[icon] = (files("adapters.teams") / "icons" / icon).read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
    return packed.getvalue()


def manifest(
    public_url: str, app_id: str, publisher: str, version: str, words: Words, targeted: bool = False
) -> dict[str, Any]:
    """The package's `manifest.json`.

    `webApplicationInfo` is what lets the bot's registration install this app for a person.
    """
    return {
        "$schema": f"{_SCHEMAS}/MicrosoftTeams.schema.json",
        "manifestVersion": VERSION,
        "version": version,
        "id": app_id_of(app_id),
        "localizationInfo": {
            "defaultLanguageTag": FALLBACK,
            "additionalLanguages": [
                {"languageTag": language, "file": f"{language}.json"}
                for language in sorted(set(languages()) - {FALLBACK})
            ],
        },
        "developer": {
            "name": publisher,
            "websiteUrl": public_url,
            "privacyUrl": f"{public_url}/privacy",
            "termsOfUseUrl": f"{public_url}/terms",
        },
        "name": {"short": "o365bot", "full": words("listing.name")},
        "description": {"short": words("listing.short"), "full": words("listing.full")},
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": "#1F4E8C",
        "bots": [
            {
                "botId": app_id,
                "scopes": ["personal", "team", "groupChat"],
                "supportsFiles": False,
                "isNotificationOnly": False,
                "supportsTargetedMessages": targeted,
                "commandLists": [
                    {
                        "scopes": [scope, "groupChat"] if scope == "team" else [scope],
                        "triggers": ["mention", "slash"] if targeted else ["mention"],
                        "commands": [
                            {"title": verb, "description": words(f"listing.{verb}")}
                            for verb in verbs
                        ],
                    }
                    for scope, verbs in COMMANDS.items()
                ],
            }
        ],
        "composeExtensions": [
            {
                "botId": app_id,
                "commands": [
                    {
                        "id": ABOUT,
                        "type": "action",
                        "context": ["message"],
                        "title": words("listing.about"),
                        "description": words("listing.about_more"),
                        "fetchTask": True,
                    }
                ],
            }
        ],
        "validDomains": [urlsplit(public_url).hostname],
        "webApplicationInfo": {"id": app_id},
    }


def _localized(words: Words) -> dict[str, str]:
    """What the package says in another language; commands are typed alike in all of them."""
    said = {
        "$schema": f"{_SCHEMAS}/MicrosoftTeams.Localization.schema.json",
        "name.short": "o365bot",
        "name.full": words("listing.name"),
        "description.short": words("listing.short"),
        "description.full": words("listing.full"),
    }
    action = "composeExtensions[0].commands[0]"
    said[f"{action}.title"] = words("listing.about")
    said[f"{action}.description"] = words("listing.about_more")
    for number, verbs in enumerate(COMMANDS.values()):
        for place, verb in enumerate(verbs):
            command = f"bots[0].commandLists[{number}].commands[{place}]"
            said[f"{command}.title"] = verb
            said[f"{command}.description"] = words(f"listing.{verb}")
    return said


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
