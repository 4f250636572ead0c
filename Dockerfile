# The bot in a container, from the hashed lock file. Settings: /etc/o365bot/o365bot.toml, and
# variables (O365BOT_<KEY>); with variables alone, O365BOT_CONFIG must be empty. Secrets as files,
# which user 10001 must be able to read. With redis.url set, it keeps nothing of its own.

FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/o365bot
COPY requirements.lock .
RUN /opt/o365bot/bin/pip install --require-hashes --no-deps --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY adapters adapters
RUN /opt/o365bot/bin/pip install --no-deps --no-index --no-build-isolation .

FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b
RUN useradd --system --uid 10001 --home-dir /var/lib/o365bot --create-home o365bot
COPY --from=build /opt/o365bot /opt/o365bot
ENV PATH=/opt/o365bot/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    O365BOT_CONFIG=/etc/o365bot/o365bot.toml \
    O365BOT_LISTEN=0.0.0.0:8080 \
    O365BOT_WORKER_LISTEN=0.0.0.0:8080 \
    O365BOT_DATA_DIR=/var/lib/o365bot
USER o365bot
WORKDIR /var/lib/o365bot
VOLUME /var/lib/o365bot
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:8080/health', timeout=4)"]
# Leaves the bot time to drain: `docker stop` asks, and waits as long as it is told to.
STOPSIGNAL SIGTERM
ENTRYPOINT ["o365bot"]
CMD ["run"]
