"""The manual: one page a topic, shown by `casectl help TOPIC` and written as man pages. Data only; cli reads it."""

from __future__ import annotations

GROUPS: dict[str, dict[str, str]] = {
    "To begin with": {
        "concepts": "desk, tenant, case, type, lifecycle: the words of this manual",
        "verbs": "everything that can be done, with rights, routes and examples",
        "query": "the words that list, search and bulk-update understand",
        "shell": "completion with TAB, questions, texts in your editor",
        "history": "who changed what; a case as it was, and what differs",
        "safety": "what cannot go wrong by accident, and what brings things back",
    },
    "Scripts and programs": {
        "output": "formats, fields, pipes, pages, idempotent writes",
        "exit-codes": "what the end of a command tells",
        "events": "following what happens, large jobs, JSON lines",
        "rest": "the HTTP interface by example",
        "client": "the same from Python",
        "import": "another desk's cases and their history",
        "export": "all cases, to be taken along",
    },
    "People, rights and logins": {
        "people": "users, teams, contacts; and what happens when somebody leaves",
        "roles": "who may do what",
        "access": "API keys, passwords, your own identity provider",
        "oauth": "the login of a server, for those who run one or write a client",
    },
    "Running a desk": {
        "configuration": "every setting: where it is looked for, which one counts",
        "types": "case types, forms and lifecycles, and changing them",
        "tenants": "organisations on one desk, their settings, who makes them",
        "postgres": "the embedded Postgres, or one of your own",
        "server": "serving a desk to others: TLS, workers, limits, metrics",
        "remote": "working at a server: profiles, logins, tokens",
    },
}
"""Every page by its group, with what it is about; a house test holds the table against the pages."""
