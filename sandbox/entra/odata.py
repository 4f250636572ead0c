"""What every Microsoft Graph answer has in common: errors, `$filter`, `$select`, paging.

Shapes as in learn.microsoft.com, "Microsoft Graph error responses", "Use query parameters" and
"Paging Microsoft Graph data".
"""

from __future__ import annotations

import secrets
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sandbox.company.company import Company
from sandbox.company.records import EntraGroup, EntraTenant, guid
from sandbox.http.filters import FilterError, parse
from sandbox.okta.shapes import instant

Json = dict[str, Any]


class GraphError(Exception):
    """An answer of Microsoft Graph that is not a success."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def body(self, company: Company) -> Json:
        """The error object as Microsoft Graph sends it."""
        request_id = guid(secrets.token_hex(8))
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "innerError": {
                    "date": str(instant(company.now()))[:19],
                    "request-id": request_id,
                    "client-request-id": request_id,
                },
            }
        }


def not_found(what: str) -> GraphError:
    """404 for an id that names nothing."""
    return GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{what}' does not exist or one of its queried reference-property objects are "
        "not present.",
    )


@dataclass(frozen=True)
class Call:
    """One call of Microsoft Graph: whose tenant, which address, which query, which parts of it.

    `roles` are the application permissions of whoever calls.
    """

    company: Company
    tenant: EntraTenant
    path: str
    query: dict[str, str]
    parts: dict[str, str]
    roles: frozenset[str] = frozenset()

    def shows(self, group: EntraGroup) -> bool:
        """Whether a group's members may be seen: hidden ones take a permission of their own."""
        return not group.hidden or "Member.Read.Hidden" in self.roles

    @property
    def base(self) -> str:
        """Where the addresses in answers begin."""
        return f"{self.company.addresses['graph']}/v1.0"

    def one(self, row: Json, entity_set: str, defaults: Iterable[str] = ()) -> Json:
        """A single object, with what `$select` asks for."""
        return {
            "@odata.context": f"{self.base}/$metadata#{entity_set}/$entity",
            **self._selected(row, defaults),
        }

    def many(self, rows: list[Json], entity_set: str, defaults: Iterable[str] = ()) -> Json:
        """One page of a collection, with `@odata.nextLink` when there is another."""
        text = self.query.get("$filter")
        if text:
            try:
                keep = parse(text)
                rows = [row for row in rows if keep(partial(_lookup, row))]
            except FilterError as error:
                raise GraphError(400, "BadRequest", f"Invalid filter clause: {error}") from error
        start = self._number("$skiptoken", 0)
        end = start + min(self._number("$top", self.company.graph_page), self.company.graph_page)
        answer: Json = {
            "@odata.context": f"{self.base}/$metadata#{entity_set}",
            "value": [self._selected(row, defaults) for row in rows[start:end]],
        }
        if end < len(rows):
            query = urllib.parse.urlencode({**self.query, "$skiptoken": str(end)})
            answer["@odata.nextLink"] = f"{self.base}{self.path}?{query}"
        return answer

    def _selected(self, row: Json, defaults: Iterable[str]) -> Json:
        wanted = self.query.get("$select", "").replace(" ", "")
        names = set(wanted.split(",")) if wanted else set(defaults)
        if not names:
            return row
        if names - set(row) and "@odata.type" not in row:  # rows of several types have their own
            raise GraphError(
                400,
                "BadRequest",
                f"Parsing OData Select and Expand failed: Could not find a property named "
                f"'{min(names - set(row))}'.",
            )
        return {k: v for k, v in row.items() if k in names or k.startswith("@") or k == "principal"}

    def _number(self, name: str, default: int) -> int:
        text = self.query.get(name, str(default))
        if not text.isdecimal():
            raise GraphError(400, "BadRequest", f"Invalid value '{text}' for {name}.")
        return int(text)


def _lookup(row: Json, name: str) -> list[object]:
    """The values of the property `a/b/c` of a row, as `$filter` names it."""
    value: Any = row
    for part in name.split("/"):
        if value is None:
            return [None]
        if not isinstance(value, dict) or part not in value:
            raise FilterError(f"Could not find a property named '{name}'")
        value = value[part]
    return list(value) if isinstance(value, list) else [value]
