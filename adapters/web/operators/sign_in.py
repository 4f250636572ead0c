"""The way in: a sign-in at Microsoft, asked for by whichever page somebody came for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from adapters.web.context import OPERATORS, PageContext
from adapters.web.cookies import Cookie
from adapters.web.networks import network_of
from bot.errors import CloudError
from bot.services.operators.sign_in import OperatorSignIn

Page = Callable[[Request], Awaitable[Response]]


class OperatorSignInPage:
    """Lets operators in, and nobody else."""

    def __init__(self, context: PageContext, sign_in: OperatorSignIn) -> None:
        self._context = context
        self._sign_in = sign_in

    def guarded(self, page: Page) -> Page:
        """The page for operators; a sign-in for whoever is not known to be one."""

        async def show(request: Request) -> Response:
            if await self._sign_in.is_operator(self._secret(request)):
                return await page(request)
            way = request.url.path
            page_name = "operators/sign_in.html"
            return self._context.leading_page(request, page_name, status=401, way=way)

        return show

    async def press(self, request: Request) -> Response:
        """POST on `/operators`: on to Microsoft, or out."""
        form = await self._context.csrf.form(request)
        if form is None:
            return self._context.stale(request)
        if form.get("do") == "sign_out":
            await self._sign_in.leave(self._secret(request))
            page: Response = self._context.pages.show(request, "signed_out.html")
            self._context.cookies.drop(page, Cookie.OPERATOR)
            page.headers["Clear-Site-Data"] = '"cache"'
            return page
        browser = self._context.cookies.read(request, Cookie.BROWSER)
        try:
            begun = await self._sign_in.begin(
                form.get("way", ""), browser=browser, caller=network_of(request)
            )
        except CloudError:
            return self._context.pages.problem(request, 502, "elsewhere", again=OPERATORS)
        return self._context.continue_with(request, begun)

    def _secret(self, request: Request) -> str:
        return self._context.cookies.read(request, Cookie.OPERATOR)
