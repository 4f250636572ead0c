"""How every part of the running bot is, by what the store knows. Part of the wiring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.server import store
from adapters.web.monitoring.health import Health, Part
from bot.domain.delivery.incidents import LATE, Incident
from bot.domain.inventory.records import OrgScan
from bot.domain.people.admins import Platform
from bot.errors import StoreError
from bot.ports.store.figures import Overview, Queued

_MEANWHILE = "Nothing is lost meanwhile; people are told to try again (docs/store.md)."
NEARLY_FULL = "The store is nearly full."
_DO = {
    "full": "Give it more memory (maxmemory).",
    "engine": "Is a worker running and ready? If all are busy, add one.",
    "okta": "Run o365bot check; see docs/okta-and-entra.md for what the service app needs.",
    "entra": "Grant what is missing, or type onboard DOMAIN in chat (docs/okta-and-entra.md).",
    "chat": "Check the app's installation and its token, and that the bot is in the channel.",
    "expires": "Renew it in time: o365bot doctor says where (docs/doctor.md).",
    "webhook": "Look at the receiver; events wait, and are posted again by themselves.",
    "restored": "See o365bot release; release --all sends what is held, and ends this.",
    "doctor": "Run o365bot doctor: it says what to do (docs/doctor.md).",
}


async def ready(client: Redis, keys: Keys) -> str:
    """Why nothing can be done now; "" when something can: without the store, nothing can."""
    try:
        await store.probe(client, keys)
    except StoreError as error:
        return str(error)
    return ""


async def health(
    client: Redis,
    keys: Keys,
    ledger: RedisLedger,
    overview: Overview,
    orgs: tuple[str, ...],
    platforms: tuple[Platform, ...],
) -> Health:
    """The store, the engine, every org and platform; every tenant and secret with an incident."""
    try:
        state = await store.probe(client, keys)
        scans = await ledger.scans()
        incidents = await ledger.incidents()
        figures = await overview.read()
    except StoreError as error:
        away = Part(
            "store", ok=False, reason=error.message, vital=True, do=f"{error.hint} {_MEANWHILE}"
        )
        return Health((away,))
    return Health(
        (
            Part("store", ok=True, vital=True, facts=_facts(state)),
            Part("store:memory", ok=not state.nearly_full, reason=NEARLY_FULL, do=_DO["full"]),
            _engine(figures.tasks, figures.deliveries),
            *(_org(org, scans.get(org), incidents.get(f"okta:{org}")) for org in orgs),
            *(Part(f"chat:{one}", ok=True) for one in platforms if str(one) not in incidents),
            *_others(incidents),
        )
    )


def _facts(state: store.State) -> dict[str, str]:
    most = f" of {state.limit / 2**20:.0f} MiB" if state.limit else ""
    return {"role": state.role, "memory": f"{state.used / 2**20:.0f} MiB{most}"}


def _engine(tasks: Queued, messages: Queued) -> Part:
    late = max(tasks.late, messages.late)
    return Part(
        "engine",
        ok=late <= LATE.total_seconds(),
        reason=f"Work that is due waits for {late:.0f} s.",
        since=datetime.now(UTC) - timedelta(seconds=late),
        do=_DO["engine"],
        facts={"tasks due": str(tasks.due), "messages due": str(messages.due)},
    )


def _org(org: str, scan: OrgScan | None, incident: Incident | None) -> Part:
    looked = scan.finished_at if scan is not None else None
    failure = scan.failure if scan is not None else ""
    since = incident.since if incident is not None else (scan.started_at if scan else None)
    return Part(
        f"okta:{org}",
        ok=not failure,
        reason=failure,
        since=since,
        do=_DO["okta"],
        facts={
            "looked": looked.isoformat(timespec="seconds") if looked else "not yet",
            "apps": str(scan.apps if scan else 0),
        },
    )


def _others(incidents: Mapping[str, Incident]) -> Iterator[Part]:
    """What is wrong elsewhere than at an org and the engine, which their own parts tell of."""
    for incident in incidents.values():
        kind = "chat" if incident.is_of_chat else incident.platform
        if kind not in ("okta", "engine"):
            name = f"chat:{incident.place}" if incident.is_of_chat else incident.place
            do = _DO.get(kind, "")
            yield Part(name, ok=False, reason=incident.reason, since=incident.since, do=do)
