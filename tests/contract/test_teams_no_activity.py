"""What is no activity of Teams is refused, whatever it is."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.teams.incoming.activities import Event, Turns
from adapters.teams.incoming.envelope import ActivityInvalid, open_envelope
from tests.contract.pretend_teams import ADA, APP, PERSONAL
from tests.contract.teams_world import Json, TeamsBorder

NO_ACTIVITIES: list[Any] = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"x"',
    b"\xff\xfe",
    b'{"type":"message"}',
    b"[" * 100_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b'{"a":NaN}',
    b'{"a":' + b"9" * 10_000 + b"}",
]


async def test_what_is_no_json_object_of_an_activity_is_refused(teams: TeamsBorder) -> None:
    """400, also for what makes JSON readers stumble."""
    for raw in NO_ACTIVITIES:
        assert (await teams.post(raw)).status_code == 400, raw[:20]


ODD_MEMBERS: list[Any] = [
    {"type": 5},
    {"type": ""},
    {"type": None},
    {"id": None},
    {"id": {}},
    {"serviceUrl": ""},
    {"serviceUrl": None},
    {"serviceUrl": ["x"]},
    {"conversation": None},
    {"conversation": "x"},
    {"conversation": {"id": None}},
    {"conversation": {"id": "x" * 2000}},
    {"channelId": None},
    {"channelData": "x"},
    {"channelData": {"tenant": "x"}},
    {"from": "x"},
    {"from": {}},
    {"from": None},
    {"recipient": []},
    {"timestamp": "yesterday"},
    {"entities": 5},
    {"entities": ["x"]},
    {"membersAdded": ["x"]},
    {"text": "\ud800"},
    {"value": json.loads('{"a":' * 60 + "1" + "}" * 60)},
]


async def test_an_activity_of_another_form_is_refused(teams: TeamsBorder) -> None:
    """400 for each member that is not what Teams sends; never 500."""
    for change in ODD_MEMBERS:
        raw = json.dumps(teams.said("apps") | change).encode()
        assert (await teams.post(raw)).status_code == 400, change
    assert teams.answers.asked == []


async def test_a_body_that_is_too_long_is_not_read(teams: TeamsBorder) -> None:
    """413 beyond 256 KiB."""
    assert (await teams.post(teams.said("x" * 300_000))).status_code == 413


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
MEMBERS = [
    *("from", "recipient", "conversation", "channelData", "entities", "value", "text", "name"),
    *("action", "membersAdded", "membersRemoved", "replyToId", "locale", "localTimezone"),
    *("timestamp", "attachments", "type", "relatesTo", "callerId", "properties"),
]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    kind=st.sampled_from(["message", "invoke", "installationUpdate", "conversationUpdate"]),
    delivery=st.sampled_from(["normal", "expectReplies"]),
    changes=st.dictionaries(st.sampled_from(MEMBERS), JSON_VALUES, max_size=4),
)
def test_any_json_is_an_activity_or_is_refused(
    kind: str, delivery: str, changes: dict[str, Any]
) -> None:
    """Reading raises ActivityInvalid and nothing else, and what was read can be run."""
    activity = {
        "type": kind,
        "id": "1",
        "channelId": "msteams",
        "serviceUrl": "https://smba.trafficmanager.net/emea/",
        "from": {"id": "29:1", "aadObjectId": ADA},
        "recipient": {"id": "28:1"},
        "conversation": {"id": PERSONAL},
        "deliveryMode": delivery,
        "name": "adaptiveCard/action",
        "value": {"action": {"verb": "say", "data": {"words": "apps"}}},
    } | changes
    turns = Turns(APP)
    try:
        turn = turns.read(open_envelope(json.dumps(activity).encode()))
    except ActivityInvalid:
        return

    async def handle(event: Event) -> Json:
        return {"seen": type(event).__name__}

    answer = asyncio.run(turns.run(turn, {}, handle))
    assert answer is None or answer[0] in (200, 501)
