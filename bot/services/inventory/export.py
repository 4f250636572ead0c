"""The inventory for other programs: JSON and CSV. Both shapes are told in docs/terminal.md.

Names of fields and values are the product's own and do not change with the language. All times are
UTC, ISO 8601; null is "not known", or "there is none".
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bot.domain.consent.requests import ConsentRequest
from bot.domain.evidence.caveats import caveats
from bot.domain.evidence.rules import Evidence
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord, OrgScan
from bot.domain.inventory.right_tenant import MISMATCHES
from bot.domain.inventory.sign_on import sign_on
from bot.domain.people.prospects import Prospect
from bot.domain.summaries import AppSummary, summary_of
from bot.domain.visible import visible

Json = dict[str, Any]

CSV_COLUMNS = (
    "org",
    "app_id",
    "label",
    "status",
    "domain",
    "tenant_id",
    "tenant_domain",
    "state",
    "confidence",
    "contradicted",
    "as_of",
    "scanned_at",
    "waived_until",
    "asked",
    "asked_stage",
    "would_ask",
    "nobody",
)
# A spreadsheet takes a cell that begins so for a formula (OWASP, "CSV Injection"): also behind
# spaces and quotes, in fullwidth letters, and behind what it may take for the end of a cell.
_FORMULA = re.compile(r"(?:^|(?<=[;,|]))(?=[\s\"']*[=+\-@＝＋－＠﹦﹢﹣﹫])")
_BREAKS = re.compile(r"[\t\n\v\f\r]+")


@dataclass(frozen=True, slots=True)
class Inventory:
    """The apps, and what is known beside them: open requests by id, prospects, each org's look."""

    apps: tuple[AppSummary, ...]
    requests: Mapping[str, ConsentRequest]
    prospects: Mapping[AppRef, Prospect]
    scans: Mapping[str, OrgScan]


def as_json(inventory: Inventory) -> str:
    """The whole inventory as one JSON object."""
    apps = [app_json(inventory, app) for app in inventory.apps]
    counts = {state.value: sum(app["state"] == state for app in apps) for state in State}
    unreachable = sum(app["nobody"] is not None and app["asked"] is None for app in apps)
    return _dump(
        {
            "apps": apps,
            "orgs": [_org(scan) for scan in inventory.scans.values()],
            "counts": counts,
            "nobody_reachable": unreachable,
        }
    )


def why_json(inventory: Inventory, record: AppRecord, now: datetime) -> str:
    """One app with all of its evidence, as it stands at `now` (UTC), as one JSON object."""
    record = replace(record, assessed_at=now)
    assessment = record.verdict
    evidence = [_evidence(e, "because") for e in assessment.because]
    evidence += [_evidence(e, "beside") for e in assessment.beside]
    evidence += [_evidence(e, "past") for e in assessment.past]
    against = [
        {"done": _evidence(c.done, ""), "not_done": _evidence(c.not_done, "")}
        for c in assessment.contradictions
    ]
    app = app_json(inventory, summary_of(record))
    known = sign_on(record.app, record.evidence)
    more = {
        "holds_until": _time(assessment.holds_until),
        "lack": assessment.lack.value if assessment.lack else None,
        "evidence": evidence,
        "contradictions": against,
        "sign_on": {"how": known.how.value, "federated": known.federated},
    }
    return _dump(app | more)


def app_json(inventory: Inventory, summary: AppSummary) -> Json:
    """One app, without its evidence."""
    app, tenant = summary.app, summary.tenant
    request = inventory.requests.get(summary.request_id)
    prospect = inventory.prospects.get(app.ref) if summary.wants_consent else None
    return {
        "ref": str(app.ref),
        "org": app.ref.org,
        "app_id": app.ref.app_id,
        "label": app.label,
        "status": app.status.value,
        "domain": app.domain or None,
        "tenant": {"id": tenant.id, "domain": tenant.domain} if tenant else None,
        "state": summary.state.value,
        "confidence": summary.confidence.value,
        "contradicted": summary.contradicted,
        "as_of": _time(summary.as_of),
        "scanned_at": _time(summary.scanned_at),
        "waived": _waived(summary),
        "asked": _asked(request),
        "would_ask": _would_ask(prospect),
        "nobody": prospect.nobody.value if prospect and prospect.nobody else None,
    }


def as_csv(inventory: Inventory, *, head: bool = True) -> str:
    """One line an app below a line of names (the `head`); no cell can be taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    if head:
        writer.writerow(CSV_COLUMNS)
    for app in inventory.apps:
        writer.writerow(map(safe_cell, _csv_row(app_json(inventory, app))))
    return out.getvalue()


def safe_cell(text: str) -> str:
    """A cell of one line that a spreadsheet shows and never calculates."""
    return _FORMULA.sub("'", visible(_BREAKS.sub(" ", text)))


def _csv_row(app: Json) -> Iterable[str]:
    asked, would_ask, tenant = app["asked"] or {}, app["would_ask"] or {}, app["tenant"] or {}
    waived = app["waived"] or {}
    flat = app | {
        "tenant_id": tenant.get("id"),
        "tenant_domain": tenant.get("domain"),
        "contradicted": "yes" if app["contradicted"] else "no",
        "waived_until": waived.get("until"),
        "asked": asked.get("upn"),
        "asked_stage": asked.get("stage"),
        "would_ask": would_ask.get("upn"),
    }
    return (str(flat[name] or "") for name in CSV_COLUMNS)


def _asked(request: ConsentRequest | None) -> Json | None:
    if request is None:
        return None
    return {
        "name": request.admin_name,
        "upn": request.admin_upn,
        "platform": request.chat.platform.value,
        "stage": request.stage.value,
        "since": _time(request.requested_at),
        "okta_admin": request.colleague.name if request.colleague else None,
    }


def _waived(summary: AppSummary) -> Json | None:
    if not summary.is_waived or summary.waiver is None:
        return None
    waiver = summary.waiver
    return {
        "until": waiver.until.isoformat(),
        "why": waiver.why,
        "by": waiver.by_name,
        "since": _time(waiver.since),
    }


def _would_ask(prospect: Prospect | None) -> Json | None:
    if prospect is None or prospect.platform is None:
        return None
    return {
        "name": prospect.admin_name,
        "upn": prospect.admin_upn,
        "platform": prospect.platform.value,
        "okta_admin": prospect.partner_name or None,
        "as_of": _time(prospect.at),
    }


def _evidence(evidence: Evidence, counts_as: str) -> Json:
    found = {
        "kind": evidence.kind.value,
        "source": evidence.rule.source.value,
        "seen_at": _time(evidence.seen_at),
        "happened_at": _time(evidence.happened_at),
        "detail": dict(evidence.detail),
        "event_id": evidence.event_id or None,
        "doubts": [caveat.value for caveat in caveats(evidence)],
        "mismatch": evidence.kind in MISMATCHES,
    }
    return found | ({"counts_as": counts_as} if counts_as else {})


def _org(scan: OrgScan) -> Json:
    return {
        "org": scan.org,
        "apps": scan.apps,
        "started_at": _time(scan.started_at),
        "finished_at": _time(scan.finished_at),
        "failure": scan.failure or None,
    }


def _time(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


def _dump(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
