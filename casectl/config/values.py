"""Reads one setting's value, as a word of a flag or the environment or as a value of TOML. Only config imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from casectl.config.settings import Setting

Typed = str | int | float | bool | None

_SECONDS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_TRUTH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def parse_value(setting: Setting, raw: object) -> Typed:
    """The typed value of `raw`: seconds for a duration, None for what is off.

    Raises ValueError with a sentence that says what the setting takes.
    """
    if setting.off and raw == setting.off:
        return None
    if setting.kind == "flag":
        return _flag(raw)
    if setting.kind == "number":
        return _number(setting, raw)
    if setting.kind == "duration":
        return _duration(setting, raw)
    return _text(setting, raw)


def _text(setting: Setting, raw: object) -> str:
    if not isinstance(raw, str):
        raise ValueError(f"must be text in quotes, not {_kind(raw)}")  # noqa: TRY004 - one class for every wrong value
    if "\0" in raw:
        raise ValueError("must not hold a NUL")
    if setting.kind == "dsn" and raw and not (raw.startswith(("postgresql://", "postgres://")) or "=" in raw):
        raise ValueError("must be an address like postgresql://app@host/db, or words like 'host=... dbname=...'")
    if setting.kind in ("server", "proxy") and raw:
        return _address(raw, is_proxy=setting.kind == "proxy")
    if setting.choices and raw not in setting.choices:
        raise ValueError(f"must be {_one_of(setting.choices)}, not {raw!r}")
    return raw


def _address(raw: str, *, is_proxy: bool) -> str:
    """`https://host:port/path` in one spelling: tokens are bound to it, so two spellings must not be two servers."""
    scheme, separator, rest = raw.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in ("https", "http") or any(not 32 < ord(sign) < 127 for sign in raw):  # noqa: PLR2004
        raise ValueError("must be an address like https://desk.example.com")
    place, slash, path = rest.partition("/")
    user_info, at, host = place.rpartition("@")
    if any(sign in rest for sign in "?#\\") or (at and not is_proxy) or ".." in path.split("/"):
        raise ValueError("must be an address like https://desk.example.com, without user, ? and #")
    name, port = _host(host.lower())
    shown = f":{port}" if port and port != {"https": 443, "http": 80}[scheme] else ""
    return f"{scheme}://{user_info}{at}{name}{shown}{slash}{path}".rstrip("/")


def _host(text: str) -> tuple[str, int | None]:
    """Name and port of `host:port`; a host of IPv6 stands in brackets."""
    name, colon, digits = text.rpartition("]:") if text.startswith("[") else text.partition(":")
    if text.startswith("["):
        name, colon, digits = (name + "]", colon, digits) if colon else (text, "", "")
    is_name = all(sign.isalnum() or sign in "-._" for sign in name)
    is_ipv6 = name[:1] == "[" and name[-1:] == "]" and all(sign in "0123456789abcdef:." for sign in name[1:-1])
    is_port = not colon or (digits.isascii() and digits.isdigit() and 0 < int(digits[:6]) < 65536)  # noqa: PLR2004
    if not name.strip("[]") or not (is_name or is_ipv6) or not is_port:
        raise ValueError("must be an address like https://desk.example.com:8443")
    return name.rstrip(".") or name, int(digits) if colon else None


def _flag(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    truth = _TRUTH.get(raw.lower()) if isinstance(raw, str) else None
    if truth is None:
        raise ValueError(f"must be true or false, not {raw!r}")
    return truth


def _number(setting: Setting, raw: object) -> int:
    text = raw.strip() if isinstance(raw, str) else raw
    if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 10:  # noqa: PLR2004 - 31 bits
        text = int(text)
    most = setting.most if setting.most is not None else 2**31 - 1
    if not isinstance(text, int) or isinstance(text, bool) or not setting.least <= text <= most:
        bounds = f"from {setting.least} to {most}" if setting.most is not None else f"of at least {setting.least}"
        raise ValueError(f"must be a whole number {bounds}{_or_off(setting)}, not {raw!r}")
    return text


def _duration(setting: Setting, raw: object) -> float:
    text = str(raw).strip() if isinstance(raw, (str, int, float)) and not isinstance(raw, bool) else ""
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = _SECONDS.get(text[len(number) :])
    plain = number.replace(".", "", 1)
    if unit is None or not (plain.isascii() and plain.isdigit()) or len(plain) > 9:  # noqa: PLR2004 - 30 years of s
        raise ValueError(f"must be a duration like 500ms, 30s, 10m or 8h{_or_off(setting)}, not {raw!r}")
    seconds = float(number) * unit
    if seconds < setting.least:
        raise ValueError(f"must be at least {setting.least}s, not {raw!r}")
    return seconds


def _or_off(setting: Setting) -> str:
    return f" or {setting.off!r}" if setting.off else ""


def _one_of(choices: tuple[str, ...]) -> str:
    return f"{', '.join(choices[:-1])} or {choices[-1]}"


def _kind(raw: object) -> str:
    names = {bool: "true or false", dict: "a table", list: "a list", int: "a number", float: "a number"}
    return names.get(type(raw), "a date or time")


def near_match(word: str, names: list[str]) -> str:
    """The hint for an unknown `word`, '' when none of `names` is near."""
    import difflib

    found = difflib.get_close_matches(word[:100], names, 1)
    return f"did you mean {found[0]!r}?" if found else ""
