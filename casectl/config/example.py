"""config.example.toml, made from the table of settings. Exported by casectl.config; a house test compares the file."""

from __future__ import annotations

from casectl.config.settings import SECTIONS, SETTINGS, Setting

_HEAD = """\
# casectl's settings, all at their defaults.
#
# Yours live in $XDG_CONFIG_HOME/casectl/config.toml (~/.config/casectl/config.toml, or the file that CASECTL_CONFIG
# names), a project's in casectl.toml in its folder or one above. Order: flags, environment, project file, your file,
# default. `casectl config show` tells where each value comes from.
# A file that holds a password must be readable by you alone: chmod 600.
"""

_PROFILES = """
# A profile is a place to work at: `casectl --profile NAME`. It may hold any setting of the top level, of
# [database] and of [remote], and goes before them; chosen by its flag it goes before the environment, too. Its url is a
# database or a server: `casectl profile add work --url https://desk.example.com` writes the second.
# [profiles.prod]
# url = "postgresql://app@db.example.com/desk"
# tenant = "acme"
# [profiles.work]
# url = "https://desk.example.com"
"""

_WIDEST = 110

_ABOUT = {
    "cases": "What a new tenant begins with (`casectl init`). A tenant's own settings count for everybody who works in "
    "it, wherever he comes from, so nothing here changes a tenant that is there: casectl help configuration.",
    "server": "What `casectl serve` reads.",
    "oauth": "The logins of a server: casectl help oauth.",
    "oidc": "Your own identity provider, whose tokens a server takes: casectl help access.",
    "remote": "The server to work on: casectl help remote.",
    "database": "The Postgres behind the desk: casectl help postgres.",
}
"""What stands above the settings of a section."""

_SAMPLES = {"text": '"..."', "dsn": '"postgresql://app@host/db"', "path": '"/path"',
    "server": '"https://desk.example.com"', "proxy": '"http://proxy.example.com:3128"',
}  # fmt: skip


def config_example() -> str:
    """The text of config.example.toml: every setting commented out, with its help, default and variable."""
    parts = [_HEAD]
    for section in ("", *SECTIONS):
        parts.append(f"\n\n{_comment(_ABOUT[section])}[{section}]\n" if section else "")
        parts += [_lines(setting) for setting in SETTINGS if setting.section == section]
    return "".join([*parts, _PROFILES])


def _lines(setting: Setting) -> str:
    return f"\n{_comment(setting.help)}{_comment(_about(setting))}# {setting.key} = {_literal(setting)}\n"


def _comment(text: str) -> str:
    """The text behind # signs, wrapped for the editor."""
    import textwrap

    return textwrap.fill(text, _WIDEST, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False) + "\n"


def _about(setting: Setting) -> str:
    words = [*([f"Flag {setting.flag}"] if setting.flag else []), f"variable {setting.env}"]
    if setting.choices:
        words.append(f"one of {', '.join(setting.choices)}")
    if setting.off:
        words.append(f"'{setting.off}' for none")
    if setting.personal:
        words.append("not in a project file")
    if setting.default is None:
        words.append("not set by default")
    sentence = ", ".join(words)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _literal(setting: Setting) -> str:
    if isinstance(setting.default, bool):
        return str(setting.default).lower()
    if setting.default is None:
        return _SAMPLES[setting.kind]
    return f'"{setting.default}"' if isinstance(setting.default, str) else str(setting.default)
