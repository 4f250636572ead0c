"""Microsoft's answer to a sign-in: the one place where it is told who somebody is.

The address carries a code and a state, so nothing of it is logged, and what follows a good answer
is a redirect to a page without them.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapters.web.context import AGAIN, OPERATORS, TOKEN, UNFINISHED, PageContext
from adapters.web.cookies import Cookie
from bot.domain.consent.sign_in import SESSION_LIFETIME
from bot.errors import (
    LinkSpent,
)
from bot.services.consent.prove import (
    ActivateFirst,
    MfaNotShown,
    Outcome,
    Proven,
    RoleGone,
    WrongAccount,
)
from bot.services.operators.sign_in import STATE, NotAnOperator, OperatorSignedIn

LONGEST_QUERY = 16 * 1024  # bytes; with Microsoft's code and an error's description it is under 4 K


class Callback:
    """Where Microsoft sends browsers back to."""

    def __init__(self, context: PageContext) -> None:
        self._context = context

    async def answer(self, request: Request) -> Response:
        """GET: what came of the sign-in. HEAD is answered and spends nothing."""
        context, query = self._context, request.query_params
        state = query.get("state", "")
        operators = context.services.operators if state.startswith(STATE) else None
        way_back = OPERATORS if operators else AGAIN
        if request.method == "HEAD":
            return Response()
        if len(request.scope["query_string"]) > LONGEST_QUERY or len(query.multi_items()) != len(
            query
        ):
            return context.pages.problem(request, 400, again=way_back)
        try:
            outcome = await (operators.sign_in if operators else context.services.prove).finish(
                state=state,
                browser=context.cookies.read(request, Cookie.BROWSER),
                code=query.get("code", ""),
                error=query.get("error", ""),
                reason=query.get("error_description", ""),
            )
        except UNFINISHED as error:
            return await context.unfinished(request, error, way_back)
        except LinkSpent:
            return RedirectResponse(AGAIN, status_code=303)
        return self._told(request, outcome, way_back)

    async def again(self, request: Request) -> Response:
        """Back to the link that the last sign-in of this browser began with."""
        kind, _, token = self._context.cookies.read(request, Cookie.ORIGIN).partition(".")
        if kind not in ("c", "o") or not TOKEN.fullmatch(token):
            return self._context.pages.problem(request, 404, "lost")
        return RedirectResponse(f"/{kind}/{token}", status_code=303)

    def _told(
        self, request: Request, outcome: Outcome | OperatorSignedIn | NotAnOperator, way_back: str
    ) -> Response:
        pages = self._context.pages
        match outcome:
            case Proven(asked, session, _, again):
                way = f"/r/{asked.id}?again=1" if again else f"/r/{asked.id}"
                response: Response = RedirectResponse(way, status_code=303)
                self._context.cookies.keep(response, Cookie.SESSION, session, SESSION_LIFETIME)
                self._context.cookies.drop(response, Cookie.BROWSER)
                self._context.cookies.drop(response, Cookie.ORIGIN)
                return response
            case WrongAccount(expected):
                return pages.show(
                    request, "wrong_account.html", 403, expected=expected, again=AGAIN
                )
            case ActivateFirst(tenant):
                return pages.show(request, "activate.html", 403, tenant=tenant, again=AGAIN)
            case RoleGone(tenant):
                return pages.show(request, "role_gone.html", 403, tenant=tenant)
            case MfaNotShown():
                return pages.problem(request, 403, "mfa", again=way_back)
            case OperatorSignedIn(way, session):
                response = RedirectResponse(way, status_code=303)
                self._context.cookies.keep(response, Cookie.OPERATOR, session, SESSION_LIFETIME)
                self._context.cookies.drop(response, Cookie.BROWSER)
                return response
            case NotAnOperator(account):
                return pages.show(request, "operators/no_operator.html", 403, account=account)
