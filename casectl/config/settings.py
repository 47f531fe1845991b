"""Every setting there is, declared once: the loader, `config show` and the example file are made from this table.

Only casectl.config imports this module.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from casectl import typed

Kind = Literal["text", "flag", "number", "duration", "path", "dsn", "server", "proxy", "choice"]


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting.

    `default` is written as a file would hold it; None is "not set". `off` is the word that switches a number or a
    duration off (its value is then None). `secret` marks what may hold a password. A `personal` setting decides what
    is executed or written on this machine, or whom a login is shown to, so no project file may set it. `flag` is its
    option on the command line, '' where there is none.
    """

    name: str
    help: str
    kind: Kind = "text"
    default: str | int | bool | None = None
    env: str
    flag: str = ""
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int | None = None
    off: str = ""
    secret: bool = False
    personal: bool = False

    @property
    def section(self) -> str:
        """The TOML table it stands in, '' for the top level."""
        return self.name.rpartition(".")[0]

    @property
    def key(self) -> str:
        """Its name inside its table."""
        return self.name.rpartition(".")[2]


def _setting(name: str, text: str, *, env: str = "", **rest: object) -> Setting:
    env = env or "CASECTL_" + name.upper().replace(".", "_")
    return typed.convert({"name": name, "help": text, "env": env, **rest}, Setting)


SETTINGS: tuple[Setting, ...] = (
    _setting("profile", "The place to work at: a [profiles.NAME] of this file.", flag="--profile"),
    _setting("tenant", "The tenant to work in; needed only where the desk holds several.", flag="--tenant"),
    _setting("user", "The login to act as on the desk of this machine; else the operating system's user.", flag="--as"),
    _setting(
        "data_dir",
        "Where the embedded Postgres and its documents live.",
        kind="path",
        default="$XDG_DATA_HOME/casectl",
        personal=True,
    ),
    _setting(
        "color",
        "Colours: auto asks the terminal, NO_COLOR and CLICOLOR_FORCE.",
        kind="choice",
        default="auto",
        choices=("auto", "always", "never"),
        flag="--color",
    ),
    _setting(
        "pager",
        "The program that shows what is longer than the screen; else $PAGER, else less -FIRX. 'off' never pages.",
        flag="--no-pager",
        personal=True,
    ),
    _setting(
        "log_file",
        "Where the details of a failure are written.",
        kind="path",
        default="$XDG_STATE_HOME/casectl/casectl.log",
        personal=True,
    ),
    _setting(
        "database.url",
        "The Postgres to work on, as postgresql://app@host/db or 'host=... dbname=...'; else the embedded one.",
        kind="dsn",
        secret=True,
    ),
    _setting("database.migrate_url", "The same database as its owner, for upgrades.", kind="dsn", secret=True),
    _setting(
        "database.read_url",
        "The same database as the role that reports read it with; `casectl db check` looks at what it may.",
        kind="dsn",
        secret=True,
    ),
    _setting(
        "database.stop_after",
        "Stops the embedded Postgres after that long without a command: 30m, 8h.",
        kind="duration",
        default="off",
        off="off",
        flag="--stop-after",
    ),
    _setting(
        "database.db_user",
        "The system user that runs the embedded Postgres when casectl is run by root.",
        env="CASECTL_DB_USER",
        flag="--db-user",
        personal=True,
    ),
    _setting("database.connect_timeout", "How long to wait for a connection.", kind="duration", default="10s", least=1),
    _setting(
        "database.statement_timeout", "The longest a statement may run.", kind="duration", default="60s", off="off"
    ),
    _setting("database.lock_timeout", "The longest wait for a row's lock.", kind="duration", default="10s", off="off"),
    _setting(
        "database.prepare_threshold",
        "Prepares a statement at its n-th use; 'none' never does, as PgBouncer in transaction mode needs it.",
        kind="number",
        default=5,
        off="none",
    ),
    _setting(
        "remote.url",
        "The server to work on, as https://desk.example.com; where it is not set, the database of this machine.",
        kind="server",
        personal=True,
    ),
    _setting(
        "remote.ca_file",
        "The certificates of authorities to trust instead of the system's, in a PEM file.",
        kind="path",
        personal=True,
    ),
    _setting(
        "remote.proxy",
        "The proxy to reach the server through, as http://user:password@host:3128. No variable of the system is read.",
        kind="proxy",
        secret=True,
        personal=True,
    ),
    _setting("remote.connect_timeout", "How long to wait for the server.", kind="duration", default="10s", least=1),
    _setting("remote.read_timeout", "How long to wait for its answer.", kind="duration", default="75s", least=1),
    _setting(
        "remote.insecure_http",
        "Allows http:// to a server that is not this machine; who listens on the way can then take your login.",
        kind="flag",
        default=False,
        personal=True,
    ),
    _setting(
        "remote.client_id",
        "The OAuth client that casectl logs in as.",
        default="casectl",
        personal=True,
    ),
    _setting(
        "cases.default_priority",
        "The priority of a case that is opened without one: 1 low, 2 medium, 3 high, 4 critical.",
        kind="number",
        default=2,
        least=1,
        most=4,
    ),
    _setting(
        "cases.auto_assign_initial_status",
        "Gives a case that is opened without a status the initial one of its type; when false, it must be named.",
        kind="flag",
        default=True,
    ),
    _setting(
        "cases.workflow_engine",
        "Where workflow rules run: queue in the daemon, sync in the command that causes them. It is kept with the "
        "tenant and takes effect with workflow rules, which this version does not have yet.",
        kind="choice",
        default="queue",
        choices=("queue", "sync"),
    ),
    *(
        _setting(f"server.{key}", text, personal=True, **rest)
        for key, text, rest in (
            ("listen", "Where `casectl serve` listens.", {"default": "127.0.0.1:8420", "flag": "--listen"}),
            (
                "workers",
                "How many processes serve; one for each core is a good measure.",
                {"kind": "number", "default": 1, "least": 1, "most": 64, "flag": "--workers"},
            ),
            (
                "public_url",
                "The address by which others reach the server; else the one they asked for.",
                {"flag": "--public-url"},
            ),
            ("tls_cert", "The certificate with its chain, PEM.", {"kind": "path", "flag": "--tls-cert"}),
            ("tls_key", "The certificate's private key, PEM.", {"kind": "path", "flag": "--tls-key"}),
            (
                "behind_proxy",
                "Allows plain http beyond this machine, because a proxy before the server ends TLS.",
                {"kind": "flag", "default": False, "flag": "--behind-proxy"},
            ),
            (
                "trusted_proxies",
                "Networks whose X-Forwarded-For, -Proto and -Host are believed: 10.0.0.0/8, ::1.",
                {"flag": "--trusted-proxies"},
            ),
            (
                "metrics_listen",
                "Where /metrics is served, in plain http.",
                {"default": "127.0.0.1:9464", "off": "off", "flag": "--metrics-listen"},
            ),
            (
                "max_body",
                "The largest body of a request, in bytes.",
                {"kind": "number", "default": 10_000_000, "least": 1000},
            ),
            (
                "max_header",
                "The largest head of a request, in bytes.",
                {"kind": "number", "default": 32_768, "least": 4096, "most": 1_000_000},
            ),
            (
                "request_timeout",
                "How long the head of a request, or the next part of its body, may take to arrive.",
                {"kind": "duration", "default": "30s", "least": 1},
            ),
            (
                "pool_size",
                "Connections to Postgres of each serving process.",
                {"kind": "number", "default": 10, "least": 3, "most": 500},
            ),
            (
                "shutdown_grace",
                "How long requests may go on after SIGTERM.",
                {"kind": "duration", "default": "30s"},
            ),
            (
                "client_rate",
                "Requests a second of one user, by all his keys and clients, over all servers.",
                {"kind": "number", "default": 100, "least": 1, "off": "off"},
            ),
            (
                "client_burst",
                "Requests a user may make at once.",
                {"kind": "number", "default": 500, "least": 1},
            ),
            (
                "address_rate",
                "Requests a second from one address, in the long run, over all servers.",
                {"kind": "number", "default": 300, "least": 1, "off": "off"},
            ),
            (
                "address_burst",
                "Requests an address may make at once.",
                {"kind": "number", "default": 1000, "least": 1},
            ),
            (
                "log_format",
                "How the server logs to stderr; auto is text on a terminal and JSON elsewhere.",
                {"kind": "choice", "default": "auto", "choices": ("auto", "json", "text"), "flag": "--log-format"},
            ),
        )
    ),
    *(
        _setting(f"oauth.{key}", text, personal=True, **rest)
        for key, text, rest in (
            ("access_ttl", "How long an access token is valid.", {"kind": "duration", "default": "15m", "least": 10}),
            ("refresh_idle", "How long a login lasts unused.", {"kind": "duration", "default": "30d", "least": 60}),
            ("refresh_most", "How long a login lasts at most.", {"kind": "duration", "default": "90d", "least": 60}),
            (
                "refresh_grace",
                "How long a refresh token just used answers once more, for two commands that refresh at once.",
                {"kind": "duration", "default": "30s"},
            ),
            (
                "code_ttl",
                "How long an authorization code is valid.",
                {"kind": "duration", "default": "60s", "least": 1},
            ),
            ("device_ttl", "How long a device waits for its approval.", {"kind": "duration", "default": "10m"}),
            ("device_poll", "How often a device may ask.", {"kind": "duration", "default": "5s", "least": 1}),
            ("browser_session", "How long a browser stays logged in.", {"kind": "duration", "default": "8h"}),
            ("password_rounds", "argon2id: passes over the memory.", {"kind": "number", "default": 3, "least": 1}),
            (
                "password_memory",
                "argon2id: memory for one password, in KiB.",
                {"kind": "number", "default": 65_536, "least": 8, "most": 4_194_304},
            ),
            ("password_lanes", "argon2id: parallel lanes.", {"kind": "number", "default": 1, "least": 1, "most": 16}),
        )
    ),
    *(
        _setting(f"oidc.{key}", text, personal=True, **rest)
        for key, text, rest in (
            ("issuer", "The organisation's own OpenID provider, as https://id.example.com; unset: none.", {}),
            ("audience", "What the provider's access tokens must name as their audience: this server.", {}),
            ("tenant", "The tenant that the provider's users belong to; else the only one there is.", {}),
            ("tenant_claim", "The claim that names the tenant, where a provider serves several.", {}),
            (
                "user_claim",
                "The claim a user is known by: email matches the mail address, any other the login.",
                {"default": "email"},
            ),
            ("role_claim", "The claim that lists roles or groups; unset: roles are given here.", {}),
            ("role_map", "Which of its values gives which role: admins=Tenant Admin, support=Case Worker.", {}),
            ("create_users", "Makes a user at the first visit.", {"kind": "flag", "default": False}),
            ("default_role", "The role of a user made so, where no claim gives one.", {"default": "Reporter"}),
            ("authorized_parties", "The provider's clients whose tokens are taken, by their ids; unset: all.", {}),
            (
                "algorithms",
                "Signatures that are taken; never none, never one with a shared secret.",
                {"default": "RS256, PS256, ES256, EdDSA"},
            ),
            (
                "clock_skew",
                "How far the provider's clock may be off.",
                {"kind": "duration", "default": "60s"},
            ),
        )
    ),
)

BY_NAME: dict[str, Setting] = {setting.name: setting for setting in SETTINGS}

SECTIONS: tuple[str, ...] = tuple(dict.fromkeys(setting.section for setting in SETTINGS if setting.section))

_SHARED_KEYS = ("url", "connect_timeout")
"""Short keys that [database] and [remote] both have; the profile's url tells which of them is meant."""


PROFILE_KEYS: dict[str, str] = {
    setting.key: setting.name
    for setting in SETTINGS
    if setting.section in ("", "database", "remote")
    and setting.name not in ("profile", *(f"remote.{key}" for key in _SHARED_KEYS))
}
"""What a [profiles.NAME] may hold, by its short key: anything of the top level, of [database] and of [remote]."""

_REMOTE_KEYS = {key: f"remote.{key}" for key in _SHARED_KEYS}


def profile_setting(key: str, url: object) -> str:
    """The setting that `key` means in a profile whose own url is `url` (None: it has none); '' for an unknown one."""
    is_remote = isinstance(url, str) and url.lower().startswith(("https://", "http://"))
    return _REMOTE_KEYS.get(key, "") if is_remote and key in _SHARED_KEYS else PROFILE_KEYS.get(key, "")
