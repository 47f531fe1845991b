"""`casectl serve`: the REST server. Loaded by the registry's table for casectl.cli only."""

from __future__ import annotations

from typing import Annotated

import typer

from casectl.cli.common_options import CommonOptions  # noqa: TC001 - Typer resolves the annotations


def serve(  # noqa: PLR0913, PLR0917 - the options of the command line
    options: CommonOptions,
    listen: Annotated[
        str | None, typer.Option("--listen", help="where to listen (127.0.0.1:8420)", metavar="HOST:PORT")
    ] = None,
    workers: Annotated[str | None, typer.Option("--workers", help="how many processes serve (1)", metavar="N")] = None,
    tls_cert: Annotated[str | None, typer.Option("--tls-cert", help="certificate, PEM", metavar="FILE")] = None,
    tls_key: Annotated[str | None, typer.Option("--tls-key", help="its private key, PEM", metavar="FILE")] = None,
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="a proxy before the server ends TLS", show_default=False)
    ] = False,
    trusted_proxies: Annotated[
        str | None, typer.Option("--trusted-proxies", help="whose X-Forwarded-For is believed", metavar="CIDR,...")
    ] = None,
    public_url: Annotated[
        str | None, typer.Option("--public-url", help="the address others reach it by", metavar="URL")
    ] = None,
    metrics_listen: Annotated[
        str | None, typer.Option("--metrics-listen", help="where /metrics is; off for nowhere", metavar="HOST:PORT")
    ] = None,
    log_format: Annotated[
        str | None,
        typer.Option("--log-format", help="json or text, on stderr; auto is text on a terminal", metavar="FORMAT"),
    ] = None,
) -> None:
    """Serve the desk to other machines and programs.

    It ends with Ctrl-C or SIGTERM, after the requests at work. All else is configured under [server]; casectl help
    server tells how to run it.
    """
    from casectl.api.serve import serve as run

    given = {
        "listen": listen, "workers": workers, "tls_cert": tls_cert, "tls_key": tls_key,
        "behind_proxy": "true" if behind_proxy else None, "trusted_proxies": trusted_proxies,
        "public_url": public_url, "metrics_listen": metrics_listen, "log_format": log_format,
    }  # fmt: skip
    run(options.settings({f"server.{name}": word for name, word in given.items()}), options.tell)


serve.examples = (  # type: ignore[attr-defined]
    ("casectl serve", "this machine alone, at http://127.0.0.1:8420"),
    ("casectl serve --workers 4 --tls-cert desk.pem --tls-key desk.key --listen 0.0.0.0:8443", "to others, with TLS"),
    ("casectl serve --listen 0.0.0.0:8420 --behind-proxy --trusted-proxies 10.0.0.0/8", "behind a proxy"),
)
