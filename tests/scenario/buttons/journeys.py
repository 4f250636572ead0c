"""What is pressed, in the order in which somebody would: data alone."""

from __future__ import annotations

from collections.abc import Mapping

from tests.scenario.buttons.walk import (
    ABOUT,
    BOARD,
    DIGEST,
    LETTER,
    REMINDER,
    ROUND,
    SOON,
    WELCOME,
    Step,
)

APP = {"app": "{app}"}
# Letters come first: whoever waits for the first word about several apps gets one message for all.
JOURNEYS: Mapping[str, tuple[Step, ...]] = {
    "asked": (
        Step("sending now", "send {app}", "{app}", "send .* now", "{app}"),
        Step("composer open", LETTER, "", "http.*/c/.*", by="gita"),
        Step("sending again", "send {app} now", "already has", "send .* now sure", "{app}"),
        Step("composer open", LETTER, "", "http.*/c/.*", by="gita"),
        Step(
            *("composer later, form later", LETTER, "", "later .*", "I will come back"),
            by="gita",
            fills={"day": SOON, "reason": "the auditor"},
        ),
        Step(
            "personal later{number}",
            "later {code}",
            "On ",
            "later .*:.*",
            "I will come back",
            "gita",
        ),
        Step(
            "statements forget:{topic}:{of}",
            "notes",
            "Put off",
            "forget later .*",
            "Taken",
            "gita",
        ),
        Step(
            "my_requests already:{code}",
            "done",
            "Thank you",
            "already {code}",
            "I am checking",
            by="gita",
        ),
        Step(
            "my_requests later:{code}, form later",
            "mine",
            "waiting for you",
            "later {code}",
            "I will come back",
            by="gita",
            fills={"day": SOON},
        ),
        Step(
            "composer notme, form not_me",
            LETTER,
            "",
            "notme {code}",
            "somebody else",
            "gita",
            fills={"name": ""},
        ),
    ),
    "taken on": (
        Step("composer me", LETTER, "", "me {code}", "Taken on", by="gita"),
        Step("composer okta", LETTER, "", "http.*/admin/app/office365/.*", by="gita"),
        Step("personal steps", "me {code}", "in your hands", "http.*/s/.*", by="gita"),
        Step(
            "my_requests me:{code}",
            "mine",
            "waiting for you",
            "me {code}",
            "in your hands",
            by="gita",
        ),
        Step(
            "my_requests saved:{code}",
            "mine",
            "waiting for you",
            "saved {code}",
            "keep checking",
            by="gita",
        ),
        Step(
            "personal sights",
            "saved {code}",
            "What else do you see",
            "saw {code}",
            "What do",
            "gita",
        ),
        Step(
            "personal {observation.value}:{answer}", "", "", "saw {code} .* no", "noted", by="gita"
        ),
    ),
    "saved": (
        Step("composer me", LETTER, "", "me {code}", "Taken on", by="gita"),
        Step("composer saved", LETTER, "", "saved {code}", "keep checking", by="gita"),
        Step(
            "my_requests notme:{code}, form not_me",
            "mine",
            "waiting for you",
            "notme {code}",
            "somebody else",
            by="gita",
            fills={"name": ""},
        ),
    ),
    "not theirs": (
        Step("personal sure", LETTER, "", "", by="gita"),
        Step("personal sure", "notme {code}", "Shall I", "notme {code} sure", "somebody", "gita"),
    ),
    "lists": (
        Step("overview show, overview show:{number}", "apps", " done", "apps by person", "Gita"),
        Step("overview page:{number}", "apps", " done", "apps 2", "Page 2"),
        Step("overview share", "apps", " done", "apps 1 shared", " done"),
        Step("app_items send:{ref}", "apps in contoso", " done", "send .*", "personal link"),
        *(
            Step("app_items {verb}:{ref}", "apps", " done", f"{verb} .*", then)
            for verb, then in (("why", "How I know"), ("who", "ask"), ("check", "How I know"))
        ),
        Step("boards apps", BOARD, "", "apps", " done"),
        Step("confirmation sure", "remind", "Post", "remind sure", "on its way"),
        Step("composer apps", REMINDER, "", "apps", " done"),
        Step("confirmation sure", "report", "Post", "report sure", "on its way"),
    ),
    "help": (
        Step("helping more, helping help:{verb}", "help", "o365bot", "help who", "who"),
        Step("helping help", "", "", "help", "o365bot"),
        Step("helping apps", "help", "o365bot", "apps", " done"),
        Step("replies help", "flurb the gnork", "flurb", "help", "o365bot"),
        Step("replies say:{command}", "statsu", "statsu", "apps", " done"),
        Step("replies say:{said}", "why extra", "extra", "why .*", "How I know"),
        Step("replies say:{said}", ABOUT, "Office 365 Extra 1", "why .*", "How I know"),
        Step("replies apps", ABOUT, "", "apps", " done"),
        Step("welcome help", WELCOME, "o365bot", "help", "o365bot", only="teams"),
    ),
    "one app": (
        Step("reasons who", "why {app}", "How I know", "who .*", "ask"),
        Step("reasons check", "why {app}", "How I know", "check .*", "How I know"),
        Step("reasons okta", "why {app}", "How I know", "http.*/admin/app/office365/.*"),
        Step("reasons Folded", "why {app}", "How I know", "why .* in full", "How", only="slack"),
        Step("people Folded", "who {app}", "ask", "who .* in full", "ask", only="slack"),
        Step(
            "reasons waive, form waive",
            *("why {app}", "How I know", "waive .*", "Accept {app} as it is?"),
            fills={"day": SOON, "reason": "it goes"},
        ),
        Step("waiving waive", "", "", "waive sure .*", "accepted as it is"),
        Step("waiving waivers", "", "", "waivers", "it goes"),
        Step("waiving why:{ref}", "waivers", "it goes", "why .*", "How I know"),
        Step("waiving unwaive:{ref}", "waivers", "it goes", "unwaive .*", "open again"),
        Step("waiving who", "", "", "who .*", "ask"),
        Step(
            "waiving waive",
            WAIVE := "waive {app} until {soon} because it goes",
            "Accept",
            "waive sure .*",
            "accepted as it is",
        ),
        Step("waiving unwaive", "", "", "unwaive .*", "open again"),
        Step("waiving waive", WAIVE, "Accept", "waive sure .*", "accepted as it is"),
        Step("reasons unwaive", "why {app}", "How I know", "unwaive .*", "open again"),
        Step("waiving waive", WAIVE, "Accept", "waive sure .*", "accepted as it is"),
        Step("statements unwaive:{app.ref}", "notes", "it goes", "unwaive .*", "open again"),
    ),
    "accounts": (
        Step("form deny", "deny", "", "", "a@contoso", fills={"account": "a@contoso.example"}),
        Step(
            "statements forget:{topic}:{of}", "notes", "a@contoso", "forget .* a@.*", "Taken back"
        ),
        Step("form allow", "allow", "", "", "a@contoso", fills={"account": "a@contoso.example"}),
        Step(
            "statements forget:{topic}:{of}", "notes", "a@contoso", "forget .* a@.*", "Taken back"
        ),
        Step(
            *("form owner", "owner", "", "", "b@contoso"),
            fills={"account": "adm-b@contoso.example", "owner": "b@contoso.example"},
        ),
        Step(
            "statements forget:{topic}:{of}",
            "notes",
            "b@contoso",
            "forget .* adm-b@.*",
            "Taken back",
        ),
        Step("form away", "away", "", "", "hear from me", by="gita", fills={"day": SOON}),
        Step("statements forget:{topic}:{of}", "notes", "Gita", "forget away .*", "Taken", "gita"),
        Step("form onboard", "onboard", "", "", "", fills={"domain": "contoso.example"}),
        Step("form why", "why", "", "", "How I know", fills=APP),
        Step("form who", "who", "", "", "ask", fills=APP),
        Step("form check", "check", "", "", "How I know", fills=APP),
        Step("form unwaive", "unwaive", "", "", "no waiver", fills=APP),
        Step("form send", "send", "", "", "personal link", fills=APP),
    ),
    "everybody": (
        Step("sending later", "send all now", "right now?", "send all", "asked"),
        Step("sending sure", "send all now", "right now?", "send all now sure", "asked"),
    ),
}

# What a person gets with time, and an operator, on the day of a date.
IN_TIME = (
    Step("rounds open:{request.id}", ROUND, "", "http.*/c/.*", by="gita"),
    Step("rounds verify:{request.id}", ROUND, "", "verify .*", "from me", by="gita"),
    Step("rounds me:{request.id}", ROUND, "", "me .*", "Taken on", by="gita"),
    Step(
        "rounds notme:{request.id}, form not_me",
        *(ROUND, "", "notme .*", "somebody", "gita"),
        fills={"name": ""},
    ),
    Step(
        "rounds later, rounds later:{local:%Y-%m-%dT%H:%M}",
        *(ROUND, "", "later .*", "I will come back", "gita"),
    ),
    Step("digests apps", DIGEST, "", "apps", " done"),
    Step("news who:{ref}", DIGEST, "", "who .*", "ask"),
    Step("stuck_apps {verb}:{ref}", DIGEST, "", "check .*", "How I know"),
    Step("stuck_apps why:{ref}", DIGEST, "", "why .*", "How I know"),
    Step("stuck_apps who:{ref}", "home", " done", "who contoso/.*", "ask"),
)
