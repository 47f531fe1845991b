"""API keys, clients, passwords and sessions: nobody gives what he lacks, and no secret is kept."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from casectl.errors import Conflict, IdempotencyConflict, InvalidInput, NotAllowed, NotFound, NotPermitted
from casectl.operations.client_add import DEVICE, AddClient
from casectl.operations.client_list import ListClients
from casectl.operations.client_revoke import RevokeClient
from casectl.operations.client_rotate import RotateClient
from casectl.operations.client_show import ShowClient
from casectl.operations.key_create import CreateKey
from casectl.operations.key_list import ListKeys
from casectl.operations.key_revoke import RevokeKey
from casectl.operations.key_rotate import RotateKey
from casectl.operations.session_list import ListSessions
from casectl.operations.session_revoke import RevokeSession
from casectl.operations.user_add import AddUser
from casectl.operations.user_password import SetPassword
from casectl.operations.user_show import ShowUser
from casectl.rules.rights import ROLES
from casectl.store import password_hashes

GOOD = "tulip over nine bridges"
OTHER = "lantern beneath grey wolves"


def rows(database: Any, statement: str, parameters: Any = ()) -> list[Any]:
    with psycopg.connect(**database.owner) as owner:
        for name, value in {"tenant": "1", "actor": "0", "operation": "test"}.items():
            owner.execute("SELECT set_config('casectl.' || %s, %s, true)", (name, value))
        cursor = owner.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def everything_kept(database: Any) -> str:
    """All that a reader of the database sees, as text."""
    tables = ("api_keys", "clients", "passwords", "audit", "idempotency_keys", "outbox", "security_events")
    return "\n".join(str(row[0]) for table in tables for row in rows(database, f"SELECT t::text FROM {table} t"))


def log_in(database: Any, login: str, client: str = "casectl") -> int:
    """A session of this user, as the authorization server makes one."""
    made = rows(
        database,
        "INSERT INTO grants (tenant_id, id, client_id, user_id, expires_at, changed_by)"
        " SELECT 1, (SELECT coalesce(max(id), 0) + 1 FROM grants), %s, id, now() + interval '1 day', 0 FROM users"
        " WHERE tenant_id = 1 AND login = %s RETURNING id",
        (client, login),
    )
    return int(made[0][0])


def keys(desk: Any, **wish: Any) -> list[Any]:
    """The keys an actor sees, without the ones by which the remote desk of these tests comes in."""
    return [key for key in desk.perform(ListKeys(**wish)) if key.name != "test"]


def test_a_key_is_told_once_and_kept_as_a_digest(desk: Any, prepared_database: Any) -> None:
    wanda = desk.as_user("wanda")
    made = wanda.perform(CreateKey(key="nightly", rights=["case:read", "CASE:READ_ANY"], expires="90d"))
    assert made.secret.startswith(made.key_id + "_")
    assert (made.name, made.rights, made.state, made.user.login) == (
        "nightly", ["case:read", "case:read_any"], "active", "wanda",
    )  # fmt: skip
    assert timedelta(days=89) < made.expires_at - datetime.now(UTC) < timedelta(days=91)
    stored = rows(prepared_database, "SELECT digest FROM api_keys WHERE name = 'nightly'")[0][0]
    assert stored == hashlib.sha256(made.secret.encode()).digest()
    assert made.secret[20:] not in everything_kept(prepared_database)
    listed = keys(wanda)
    assert [(key.id, key.key_id) for key in listed] == [(made.id, made.key_id)]
    assert not hasattr(listed[0], "secret")


def test_a_key_has_all_that_its_maker_may_unless_told_otherwise(desk: Any) -> None:
    made = desk.as_user("wanda").perform(CreateKey(key="mine"))
    assert set(made.rights) == ROLES["Case Worker"]
    assert made.expires_at is None


@pytest.mark.parametrize("right", ["user:manage", "case:purge", "client:manage"])
def test_nobody_gives_a_key_what_he_lacks(desk: Any, right: str) -> None:
    with pytest.raises(NotPermitted, match=right):
        desk.as_user("wanda").perform(CreateKey(key="x", rights=["case:read", right]))
    assert keys(desk.as_user("wanda")) == []


def test_all_that_is_wrong_with_a_key(desk: Any) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"key": " "}, "/key"), ({"key": "a\nb"}, "/key"), ({"key": "x", "rights": ["case:raed"]}, "/rights"),
        ({"key": "x", "expires": "sometime"}, "/expires"), ({"key": "x", "expires": "2001-01-01"}, "/expires"),
        ({"key": "x", "client": "a", "as_user": "b"}, "/client"),
    ]  # fmt: skip
    for given, pointer in wrong:
        with pytest.raises(InvalidInput) as caught:
            desk.perform(CreateKey(**given))
        assert [problem.pointer for problem in caught.value.problems] == [pointer], given
    for given in ({"client": "nobody"}, {"as_user": "nobody"}):
        with pytest.raises(NotFound):
            desk.perform(CreateKey(key="x", **given))
    with pytest.raises(InvalidInput) as near:
        desk.perform(CreateKey(key="x", rights=["case:reed"]))
    assert "case:read" in near.value.problems[0].allowed


def test_a_key_for_somebody_else_needs_the_right_to_manage_users(desk: Any) -> None:
    with pytest.raises(NotPermitted):
        desk.as_user("wanda").perform(CreateKey(key="x", as_user="walt"))
    made = desk.perform(CreateKey(key="for walt", as_user="walt"))
    assert (made.user.login, set(made.rights)) == ("walt", ROLES["Case Worker"])
    assert [key.id for key in keys(desk.as_user("walt"))] == [made.id]
    assert keys(desk.as_user("wanda")) == []
    assert [key.id for key in keys(desk, all_users=True)] == [made.id]
    assert [key.id for key in keys(desk, of_user="walt")] == [made.id]
    with pytest.raises(NotPermitted):
        keys(desk.as_user("wanda"), all_users=True)
    with pytest.raises(NotPermitted):
        keys(desk.as_user("wanda"), of_user="walt")


def test_a_key_is_revoked_by_its_holder_and_is_not_there_for_others(desk: Any) -> None:
    made = desk.as_user("wanda").perform(CreateKey(key="nightly"))
    for verb in (RevokeKey(key="nightly"), RotateKey(key=made.key_id)):
        with pytest.raises(NotFound, match="there is no API key"):
            desk.as_user("walt").perform(verb)
    ended = desk.as_user("wanda").perform(RevokeKey(key=made.key_id))
    assert (ended.state, ended.revoked_at is not None) == ("revoked", True)
    again = desk.as_user("wanda").perform(RevokeKey(key=str(made.id)))
    assert again.revoked_at == ended.revoked_at
    with pytest.raises(NotAllowed, match="revoked"):
        desk.as_user("wanda").perform(RotateKey(key=str(made.id)))
    second = desk.as_user("wanda").perform(CreateKey(key="nightly"))
    assert desk.perform(RevokeKey(key="nightly")).id == second.id


def test_a_pasted_key_stands_in_no_message(desk: Any) -> None:
    made = desk.perform(CreateKey(key="nightly"))
    assert desk.perform(RevokeKey(key=made.secret)).id == made.id
    with pytest.raises(NotFound) as caught:
        desk.as_user("wanda").perform(RevokeKey(key=made.secret.replace("ck_", "ck_zz")))
    assert made.secret[20:] not in caught.value.message.lower()


def test_two_keys_of_one_name_are_told_apart(desk: Any) -> None:
    first, second = (desk.perform(CreateKey(key="twin")) for _ in range(2))
    with pytest.raises(Conflict, match=first.key_id):
        desk.perform(RevokeKey(key="twin"))
    desk.perform(RevokeKey(key=str(first.id)))
    assert desk.perform(RevokeKey(key="twin")).id == second.id


def test_a_rotated_key_goes_on_for_a_while(desk: Any) -> None:
    old = desk.perform(CreateKey(key="nightly", rights=["case:read"], expires="30d"))
    new = desk.perform(RotateKey(key="nightly", grace="2h"))
    assert (new.name, new.rights, new.key_id != old.key_id) == ("nightly", ["case:read"], True)
    assert abs((new.expires_at - new.created_at) - timedelta(days=30)) < timedelta(minutes=1)
    ages = {key.id: key for key in keys(desk)}
    assert timedelta(hours=1) < ages[old.id].expires_at - datetime.now(UTC) < timedelta(hours=3)
    assert ages[old.id].state == "active"
    last = desk.perform(RotateKey(key=str(new.id), grace="0s"))
    states = {key.id: key.state for key in keys(desk)}
    assert states == {old.id: "active", new.id: "revoked", last.id: "active"}
    with pytest.raises(InvalidInput):
        desk.perform(RotateKey(key=str(last.id), grace="long"))


def test_rotating_gives_nobody_a_right_he_lacks(desk: Any) -> None:
    made = desk.perform(CreateKey(key="strong", as_user="wanda", rights=["user:manage", "case:read"]))
    with pytest.raises(NotPermitted, match="user:manage"):
        desk.as_user("wanda").perform(RotateKey(key=str(made.id)))


def test_a_repeated_request_makes_one_key_and_tells_no_secret(desk: Any, prepared_database: Any) -> None:
    first = desk.perform(CreateKey(key="once"), idempotency_key="k1")
    second = desk.perform(CreateKey(key="once"), idempotency_key="k1")
    assert (second.id, second.secret) == (first.id, None)
    assert first.secret[20:] not in everything_kept(prepared_database)
    with pytest.raises(IdempotencyConflict):
        desk.perform(CreateKey(key="twice"), idempotency_key="k1")


def test_a_client_acts_as_itself_with_exactly_its_rights(desk: Any, prepared_database: Any) -> None:
    made = desk.perform(AddClient(client="monitoring", rights=["case:create", "case:read"], expires="1w"))
    assert (made.grant_types, made.is_public, made.user.login) == (["client_credentials"], False, "monitoring")
    assert made.secret[3:] not in everything_kept(prepared_database)
    assert rows(prepared_database, "SELECT kind FROM users WHERE login = 'monitoring'") == [("api_client",)]
    assert desk.perform(ListClients()) == [desk.perform(ShowClient(client=made.client_id))]
    acting = desk.as_user("monitoring")
    with pytest.raises(NotPermitted):
        acting.perform(ShowUser(user="@me"))
    key = desk.perform(CreateKey(key="for it", client="monitoring"))
    assert (key.user.login, key.rights) == ("monitoring", ["case:create", "case:read"])
    ended = desk.perform(RevokeClient(client="monitoring"))
    assert not ended.is_active
    assert [one.state for one in keys(desk, all_users=True)] == ["revoked"]
    assert rows(prepared_database, "SELECT is_active FROM users WHERE login = 'monitoring'") == [(False,)]
    with pytest.raises(InvalidInput, match="not active"):
        desk.perform(CreateKey(key="x", client="monitoring"))
    with pytest.raises(NotAllowed, match="not active"):
        desk.perform(RotateClient(client="monitoring"))


def test_clients_for_browsers_and_devices(desk: Any) -> None:
    web = desk.perform(AddClient(client="portal", rights=["case:read"], redirect_uris=["https://portal.example/back"]))
    assert (web.grant_types, web.secret is not None) == (["authorization_code", "refresh_token"], True)
    app = desk.perform(
        AddClient(client="app", rights=["case:read"], redirect_uris=["com.example.app:/back"], is_public=True)
    )
    assert (app.is_public, app.secret) == (True, None)
    device = desk.perform(AddClient(client="wall", rights=["case:read"], grants=["device_code"], is_public=True))
    assert device.grant_types == [DEVICE]
    with pytest.raises(NotAllowed, match="public"):
        desk.perform(RotateClient(client="app"))


def test_all_that_is_wrong_with_a_client(desk: Any) -> None:
    good = {"client": "c", "rights": ["case:read"]}
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"client": "no good"}, "/client"), ({"rights": []}, "/rights"), ({"rights": ["case:x"]}, "/rights"),
        ({"grants": ["authorization_code"]}, "/redirect_uris"), ({"is_public": True}, "/grants"),
        ({"is_public": True, "grants": ["client_credentials"]}, "/grants"),
        ({"redirect_uris": ["http://portal.example/back"]}, "/redirect_uris"),
    ]  # fmt: skip
    for given, pointer in wrong:
        with pytest.raises(InvalidInput) as caught:
            desk.perform(AddClient(**{**good, **given}))
        assert [problem.pointer for problem in caught.value.problems] == [pointer], given
    desk.perform(AddClient(**good))
    for taken in ("c", "wanda"):
        with pytest.raises(Conflict):
            desk.perform(AddClient(**{**good, "client": taken}))
    with pytest.raises(NotFound):
        desk.perform(ShowClient(client="nothing"))


def test_a_clients_secret_is_replaced(desk: Any, prepared_database: Any) -> None:
    first = desk.perform(AddClient(client="c", rights=["case:read"]))
    second = desk.perform(RotateClient(client="c"))
    assert second.secret not in (None, first.secret)
    stored = rows(prepared_database, "SELECT digest FROM clients")[0][0]
    assert stored == hashlib.sha256(second.secret.encode()).digest()


def test_clients_belong_to_their_tenant(desk: Any) -> None:
    desk.perform(AddClient(client="c", rights=["case:read"]))
    desk.perform(CreateKey(key="mine"))
    other = desk.as_user("admin", tenant="globex")
    assert other.perform(ListClients()) == []
    assert keys(other, all_users=True) == []
    with pytest.raises(NotFound):
        other.perform(ShowClient(client="c"))
    with pytest.raises(NotFound):
        other.perform(RevokeKey(key="mine"))


def hash_of(database: Any, login: str) -> str:
    return str(
        rows(
            database,
            "SELECT hash FROM passwords p JOIN users u ON u.tenant_id = p.tenant_id AND u.id = p.user_id"
            " WHERE u.login = %s",
            (login,),
        )[0][0]
    )  # fmt: skip


def test_a_password_is_set_and_ends_every_session(desk: Any, prepared_database: Any) -> None:
    session = log_in(prepared_database, "wanda")
    done = desk.perform(SetPassword(user="wanda", password=GOOD))
    assert (done.user.login, done.sessions) == ("wanda", 1)
    assert rows(prepared_database, "SELECT revoke_reason FROM grants WHERE id = %s", (session,)) == [("password set",)]
    assert password_hashes.verify(hash_of(prepared_database, "wanda"), GOOD)
    kept = everything_kept(prepared_database)
    assert GOOD not in kept
    audit = rows(prepared_database, "SELECT payload::text FROM audit WHERE object = 'password'")
    assert audit
    assert "argon2" not in str(audit)


def test_ones_own_password_needs_the_present_one(desk: Any, prepared_database: Any) -> None:
    wanda = desk.as_user("wanda")
    with pytest.raises(InvalidInput) as caught:
        wanda.perform(SetPassword(user="@me", password=GOOD))
    assert [(one.pointer, one.code) for one in caught.value.problems] == [("/old_password", "required")]
    with pytest.raises(NotPermitted, match="no password yet"):
        wanda.perform(SetPassword(user="@me", old_password="anything", password=GOOD))
    desk.perform(SetPassword(user="wanda", password=GOOD))
    with pytest.raises(NotPermitted, match="not the present password"):
        wanda.perform(SetPassword(user="@me", old_password=OTHER, password=GOOD))
    assert wanda.perform(SetPassword(user="@me", old_password=GOOD, password=OTHER)).user.login == "wanda"
    assert password_hashes.verify(hash_of(prepared_database, "wanda"), OTHER)
    with pytest.raises(NotPermitted):
        desk.as_user("walt").perform(SetPassword(user="wanda", password=GOOD))


def test_passwords_that_are_refused_and_whose(desk: Any) -> None:
    for word in ("short", "Password12345", "wanda wanda wanda", "a" * 300):
        with pytest.raises(InvalidInput) as caught:
            desk.perform(SetPassword(user="wanda", password=word))
        assert word not in caught.value.message
    desk.perform(AddClient(client="program", rights=["case:read"]))
    with pytest.raises(InvalidInput, match="is a program"):
        desk.perform(SetPassword(user="program", password=GOOD))


def test_nobody_sets_the_password_of_one_who_may_more(desk: Any, prepared_database: Any) -> None:
    rows(
        prepared_database,
        "UPDATE roles SET rights = rights || '{user:manage}', changed_by = 0, changed_at = now()"
        " WHERE tenant_id = 1 AND name = 'Case Worker'",
    )
    with pytest.raises(NotPermitted, match="role:manage"):
        desk.as_user("wanda").perform(SetPassword(user="admin", password=GOOD))
    desk.perform(AddUser(login="ivan", roles=["API Client"]))
    assert desk.as_user("wanda").perform(SetPassword(user="ivan", password=GOOD)).user.login == "ivan"


def test_not_even_a_digest_of_a_password_is_kept_for_repeats(desk: Any, prepared_database: Any) -> None:
    first = desk.perform(SetPassword(user="wanda", password=GOOD), idempotency_key="p1")
    again = desk.perform(SetPassword(user="wanda", password=OTHER), idempotency_key="p1")
    assert again == first
    assert password_hashes.verify(hash_of(prepared_database, "wanda"), GOOD)


def test_sessions_are_seen_and_ended(desk: Any, prepared_database: Any) -> None:
    first, second = (log_in(prepared_database, "wanda") for _ in range(2))
    walts = log_in(prepared_database, "walt")
    wanda = desk.as_user("wanda")
    assert [one.id for one in wanda.perform(ListSessions())] == [second, first]
    assert wanda.perform(RevokeSession(session=str(first))).sessions == 1
    for gone in (first, walts, 999):
        with pytest.raises(NotFound):
            wanda.perform(RevokeSession(session=str(gone)))
    with pytest.raises(InvalidInput):
        wanda.perform(RevokeSession(session="this one"))
    for verb in (
        ListSessions(all_users=True),
        ListSessions(of_user="walt"),
        RevokeSession(session="1", of_user="walt"),
    ):
        with pytest.raises(NotPermitted):
            wanda.perform(verb)
    assert {one.id for one in desk.perform(ListSessions(all_users=True))} == {second, walts}
    assert desk.perform(RevokeSession(session="all", of_user="walt")).sessions == 1
    assert wanda.perform(RevokeSession(session="all")).sessions == 1
    assert wanda.perform(RevokeSession(session="all")).sessions == 0
    assert desk.perform(ListSessions(all_users=True)) == []
