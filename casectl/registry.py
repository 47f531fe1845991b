"""Finds verbs: names without importing anything, one loaded by its name, or all of them.

The table below is static, so that `casectl --help` and completion read neither verbs nor commands; a house test holds
it against the classes' own declarations. Everything above operations may import this module; it imports no verb
before `load`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from casectl.errors import NotFound
from casectl.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUPS = ("Work on cases", "Look", "People and configuration", "Servers and logins", "The desk")
"""The headings of the root help, in order."""


class Entry(msgspec.Struct, frozen=True):
    """One command: its words, `module:attribute`, what its line in the help says, and its heading.

    A `verb` is an Operation, a `command` a function of casectl.cli.commands; hidden ones are in no help.
    """

    name: str
    target: str
    help: str
    group: str
    kind: Literal["verb", "command"] = "verb"
    aliases: tuple[str, ...] = ()
    hidden: bool = False


def _entries(group: str, kind: Literal["verb", "command"], *rows: tuple[str, ...]) -> Iterator[Entry]:
    package = "casectl.operations" if kind == "verb" else "casectl.cli.commands"
    for name, target, text, *aliases in rows:
        yield Entry(name, f"{package}.{target}", text, group, kind, tuple(aliases))


ENTRIES: tuple[Entry, ...] = (
    *_entries(
        "Work on cases",
        "verb",
        ("create", "create:Create", "Open a case", "new"),
        ("note", "note:AddNote", "Write a note on a case", "comment"),
        ("status", "status:SetStatus", "Move a case to another status"),
        ("assign", "assign:Assign", "Hand a case to somebody or to a team"),
        ("take", "take:Take", "Take a case yourself"),
        ("update", "update:Update", "Change a case", "edit"),
        ("escalate", "escalate:Escalate", "Escalate a case, with a reason"),
        ("close", "close:Close", "Close a case"),
        ("reopen", "reopen:Reopen", "Open a closed case again"),
        ("delete", "delete:Delete", "Move a case to the trash", "rm"),
        ("restore", "restore:Restore", "Bring a case back from the trash"),
        ("purge", "purge:Purge", "Erase cases of the trash for good"),
        ("bulk-update", "bulk_update:BulkUpdate", "Change many cases at once"),
    ),
    *_entries(
        "Look",
        "verb",
        ("list", "list:ListCases", "List cases, the most urgent first", "ls"),
        ("search", "search:Search", "Search cases by words in their text", "find"),
        ("show", "show:Show", "Show a case with its notes", "view"),
        ("history", "history:History", "Tell who changed what in a case, and when"),
        ("diff", "diff:Diff", "Tell what differs in a case between two instants"),
        ("trash list", "trash_list:ListTrash", "List what is in the trash, who put it there and when"),
        ("events", "events:Events", "Tell what happens to cases, as it happens"),
        ("actions", "actions:Actions", "Tell what you may do with a case now, and why not the rest"),
        ("whoami", "whoami:AskWhoAmI", "Tell who you are here"),
    ),
    *_entries(
        "People and configuration",
        "verb",
        ("user list", "user_list:ListUsers", "List the users"),
        ("user show", "user_show:ShowUser", "Show a user with roles and teams"),
        ("user add", "user_add:AddUser", "Add a user"),
        ("user change", "user_change:ChangeUser", "Change a user, or the roles of one"),
        ("user deactivate", "user_deactivate:DeactivateUser", "Let a user in no more, and hand over what he has"),
        ("user activate", "user_activate:ActivateUser", "Let a user in again"),
        ("user password", "user_password:SetPassword", "Set the password of a user"),
        ("team list", "team_list:ListTeams", "List the teams"),
        ("team show", "team_show:ShowTeam", "Show a team with its lead and members"),
        ("team add", "team_add:AddTeam", "Add a team"),
        ("team change", "team_change:ChangeTeam", "Change a team: its name, its lead or its members"),
        ("team deactivate", "team_deactivate:DeactivateTeam", "Give a team no more cases, and hand over those it has"),
        ("team activate", "team_activate:ActivateTeam", "Let a team have new cases again"),
        ("role list", "role_list:ListRoles", "List the roles"),
        ("role show", "role_show:ShowRole", "Show a role with its rights and who has it"),
        ("role add", "role_add:AddRole", "Add a role"),
        ("role change", "role_change:ChangeRole", "Change a role: its name or its rights"),
        ("role deactivate", "role_deactivate:DeactivateRole", "Let a role give no rights any more"),
        ("role activate", "role_activate:ActivateRole", "Let a role give its rights again"),
        ("contact list", "contact_list:ListContacts", "List contacts by name"),
        ("contact show", "contact_show:ShowContact", "Show a contact"),
        ("contact add", "contact_add:AddContact", "Add a contact"),
        ("contact change", "contact_change:ChangeContact", "Change a contact"),
        ("contact deactivate", "contact_deactivate:DeactivateContact", "Let no new case be about a contact"),
        ("contact activate", "contact_activate:ActivateContact", "Let new cases be about a contact again"),
        ("type list", "type_list:ListTypes", "List the case types"),
        ("type show", "type_show:ShowType", "Show a case type: its form, its lifecycle and its numbers"),
        ("type add", "type_add:AddType", "Add a case type with its lifecycle", "lifecycle add"),
        (
            "type change",
            "type_change:ChangeType",
            "Change a case type, and tell what that means to its open cases",
            "lifecycle change",
        ),
        ("type revisions", "type_revisions:ListRevisions", "List the revisions of a case type"),
        ("type diff", "type_diff:DiffType", "Tell what differs between two revisions of a case type"),
        ("type migrate", "type_migrate:MigrateType", "Bring open cases to another revision of their type"),
        (
            "type deactivate",
            "type_deactivate:DeactivateType",
            "Let a case type take no new cases",
            "lifecycle deactivate",
        ),
        ("type activate", "type_activate:ActivateType", "Let a case type take new cases again", "lifecycle activate"),
        (
            "access explain",
            "access_explain:ExplainAccess",
            "Tell whether somebody may perform a verb, and by which rule",
        ),
        ("lifecycle list", "lifecycle_list:ListLifecycles", "List the lifecycles, one for each case type"),
        (
            "lifecycle show",
            "lifecycle_show:ShowLifecycle",
            "Show the lifecycle of a case type: its statuses and where each leads",
        ),
        (
            "lifecycle check",
            "lifecycle_check:CheckLifecycle",
            "Check a lifecycle in a file, and show how it would read",
        ),
        ("tenant show", "tenant_show:ShowTenant", "Show the tenant you work in"),
        (
            "tenant change",
            "tenant_change:ChangeTenant",
            "Change the tenant you work in: its title, its time zone, its settings",
        ),
    ),
    *_entries(
        "People and configuration",
        "command",
        ("tenant list", "tenant:list_tenants", "List the tenants of this desk"),
        ("tenant add", "tenant:add", "Add a tenant to this desk"),
        ("tenant deactivate", "tenant:deactivate", "Let nobody into a tenant"),
        ("tenant activate", "tenant:activate", "Let people into a tenant again"),
    ),
    *_entries(
        "People and configuration",
        "command",
        ("config show", "config:show", "Show every setting with its origin"),
        ("config get", "config:get", "Print the value of a setting that counts now"),
        ("config set", "config:set_", "Set a setting in your configuration file"),
        ("config unset", "config:unset", "Take a setting out of your configuration file"),
        ("config edit", "config_edit:edit", "Open your configuration file in your editor"),
        ("config path", "config:path", "Tell which files are read"),
    ),
    *_entries(
        "Servers and logins",
        "command",
        ("serve", "serve:serve", "Serve the desk to other machines and programs"),
        ("profile list", "profile:list_profiles", "List the places you have named"),
        ("profile show", "profile:show", "Show a place: its address, and whether you are logged in"),
        ("profile add", "profile:add", "Name a server or a database as a place to work at"),
        ("profile use", "profile:use", "Work at a place unless told otherwise"),
        ("profile remove", "profile:remove", "Forget a place, and the login there"),
        ("auth login", "auth:login", "Log in at the server of the profile"),
        ("auth logout", "auth:logout", "Log out at the server of the profile"),
        ("auth status", "auth:status", "Tell who you are at the server"),
        ("auth token", "auth:token", "Print the access token, for curl and the like"),
        ("auth refresh", "auth:refresh", "Renew the access token now"),
    ),
    *_entries(
        "Servers and logins",
        "verb",
        ("session list", "session_list:ListSessions", "List the places you are logged in at"),
        ("session revoke", "session_revoke:RevokeSession", "End a login, with every token that came of it"),
        ("key list", "key_list:ListKeys", "List API keys and their last use"),
        ("key create", "key_create:CreateKey", "Make an API key for a script"),
        ("key rotate", "key_rotate:RotateKey", "Make a new API key in the place of one"),
        ("key revoke", "key_revoke:RevokeKey", "End an API key at once"),
        ("client add", "client_add:AddClient", "Register a program that gets tokens of its own"),
        ("client list", "client_list:ListClients", "List the programs that get tokens of their own"),
        ("client show", "client_show:ShowClient", "Show a client with its rights and addresses"),
        ("client rotate", "client_rotate:RotateClient", "Give a client a new secret"),
        ("client revoke", "client_revoke:RevokeClient", "End a client for good"),
        ("job list", "job_list:ListJobs", "List your jobs, the newest first"),
        ("job show", "job_show:ShowJob", "Show how far a job is, and which cases were refused"),
        ("job cancel", "job_cancel:CancelJob", "Cancel a job between two of its steps"),
    ),
    *_entries(
        "The desk",
        "command",
        ("init", "init:init", "Set up a desk for real use"),
        ("demo", "demo:demo", "Make a desk to try things on"),
        ("db start", "db:start", "Start the embedded Postgres"),
        ("db stop", "db:stop", "Stop the embedded Postgres"),
        ("db status", "db:status", "Tell where the database is and how it is doing"),
        ("db upgrade", "db:upgrade", "Bring the schema to this program's version"),
        ("db check", "db:check", "Check cases, audit, counters and indexes against each other"),
        ("db shell", "db:shell", "Open psql on the desk's database"),
        ("db url", "db:url", "Print the address of the database"),
        ("export", "export:export", "Export whole cases as CSV, JSON or JSON Lines"),
        ("import", "import_:import_file", "Import cases and their history from a file"),
        ("completion", "completion:completion", "Print the script that completes words in your shell"),
        ("help", "help:topic", "Read a page of the manual"),
    ),
    Entry(
        "type set",
        "casectl.operations.type_set:SetType",
        "Make a case type, or a new revision of one",
        "People and configuration",
        hidden=True,
    ),
    Entry(
        "job start",
        "casectl.operations.job_start:StartJob",
        "Let a server change any number of cases after its answer",
        "Servers and logins",
        hidden=True,
    ),
    Entry(
        "export cases",
        "casectl.operations.export_cases:ExportCases",
        "Export a page of whole cases, in the order of their ids",
        "The desk",
        hidden=True,
    ),
    Entry(
        "suggest",
        "casectl.operations.suggest:Suggest",
        "Tell the words that may stand where somebody is typing",
        "Look",
        hidden=True,
    ),
    Entry(
        "import changes",
        "casectl.operations.import_changes:ImportChanges",
        "Import a batch of lines in one transaction",
        "The desk",
        hidden=True,
    ),
)

ALL: dict[str, Entry] = {entry.name: entry for entry in ENTRIES}
"""Verbs and commands by name."""

VERBS: dict[str, str] = {entry.name: entry.target for entry in ENTRIES if entry.kind == "verb"}
"""`module:class` of every verb by name."""

NOUNS: dict[str, str] = {
    "access": "Who may do what, and why",
    "client": "Programs with tokens of their own",
    "auth": "Your login at a server",
    "config": "Settings and where they come from",
    "contact": "The people cases are about",
    "db": "The database behind the desk",
    "job": "Large changes that a server works on",
    "key": "API keys for scripts",
    "session": "Where you are logged in",
    "profile": "Servers and databases to work at",
    "role": "Roles: the rights that users have",
    "team": "Teams and who is in them",
    "lifecycle": "Lifecycles: statuses and the ways between them",
    "tenant": "Organisations on this desk, and yours",
    "trash": "What was deleted and can come back",
    "type": "Case types: form, lifecycle and numbers",
    "user": "The people who work here",
}
"""What a word with sub-commands is about."""


def find(name: str) -> Entry | None:
    """The command of this name or alias, None when there is none."""
    if name in ALL:
        return ALL[name]
    return next((entry for entry in ENTRIES if name in entry.aliases), None)


def import_target(target: str) -> Any:
    """The object at `module:attribute`."""
    import sys

    module, _, attribute = target.partition(":")
    __import__(module)
    return getattr(sys.modules[module], attribute)


def load(name: str) -> type[Operation[Any]]:
    """The verb of this name. Raises NotFound for an unknown one, TypeError for one that does not declare itself."""
    if name not in VERBS:
        raise NotFound(f"there is no verb {name!r}")
    found = import_target(VERBS[name])
    require_sound(found)
    verb: type[Operation[Any]] = found
    return verb


def load_all() -> dict[str, type[Operation[Any]]]:
    """Every verb by name, all imported: for servers and tests."""
    return {name: load(name) for name in VERBS}


def require_sound(verb: Any) -> None:
    """Refuse, with TypeError, what is no verb or lacks name, right, route or docstring."""
    if not (isinstance(verb, type) and issubclass(verb, Operation)):
        raise TypeError(f"{verb!r} is no Operation")
    missing = [word for word in ("name", "right", "routes") if not getattr(verb, word)]
    if not (verb.__dict__.get("__doc__") or "").strip():
        missing.append("docstring")
    if missing:
        raise TypeError(f"verb {verb.__name__} declares no {', no '.join(missing)}")
