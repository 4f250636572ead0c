"""The way from chat into one browser: `/s/{token}`, a pass that the chat account was given."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from adapters.web.context import TOKEN, PageContext
from adapters.web.cookies import Cookie
from bot.errors import CloudError, LinkSpent, LinkUnknown


class ChatPassPage:
    """GET asks, and looks nothing up: chat previews fetch it, too. POST takes the pass out."""

    def __init__(self, context: PageContext) -> None:
        self._context = context

    async def show(self, request: Request) -> Response:
        """GET and HEAD."""
        if not TOKEN.fullmatch(str(request.path_params["token"])):
            return await self._context.no_link(request)
        signs_in = self._context.services.signs_in
        return self._context.leading_page(request, "enter.html", signs_in=signs_in)

    async def press(self, request: Request) -> Response:
        """POST: on to the steps, or to Microsoft first."""
        context, token = self._context, str(request.path_params["token"])
        if not TOKEN.fullmatch(token):
            return await context.no_link(request)
        if await context.csrf.form(request) is None:
            return context.stale(request)
        browser = context.cookies.read(request, Cookie.BROWSER)
        try:
            begun = await context.services.prove.enter(token, browser=browser)
        except LinkUnknown:
            missed = await context.missed(request)
            return missed or context.pages.problem(request, 410, "closed")
        except LinkSpent:
            return context.pages.problem(request, 410, "revoked")
        except CloudError:
            return context.pages.problem(request, 502, "elsewhere")
        return context.continue_with(request, begun)
