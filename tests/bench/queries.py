"""Queries that use every filter and order of the language, for plans and benchmarks."""

from __future__ import annotations

SERVED = (
    "is:active", "is:mine", "is:overdue", "is:deleted", "status:closed", "priority:high",
    "priority:>=high", "priority:1..2", "assignee:@me", "assignee:aiko", "team:network", "type:incident", "tag:vip",
    "tag:site-3", "-tag:vip", "tag:vip OR tag:site-3", "reporter:none", "contact:nobody@example.org", "due:<2h",
    "number:BEN-00000500", "id:100..200", "id:<50", "parent:BEN-00001199",
    "parent:any", "external:B77", "field.system:system-3", "field.floor:7", "field.floor:>=29", "-field.floor:7",
    "field.nothing:none", "field.system:any", "text:printer", "977", '"does not"', "prin*", "created:<1d sort:created",
    "updated:<1h sort:-updated", "assignee:@me due:<2h", "status:closed priority:high", "sort:due", "is:all sort:id",
    "is:all sort:-id", "is:all sort:created", "is:all sort:-created", "is:all sort:updated", "is:all sort:-updated",
    "is:all", "is:restricted",
)  # fmt: skip
"""An index leads to what these find."""

OWNED_UP = (
    "field.system:none", "resolved:today", "closed:today",
    "is:closed", "is:resolved", "is:new", "is:open", "is:pending", "is:on_hold",
    "is:unassigned", "-status:closed", "status:new,closed sort:id", "assignee:none", "team:none", "tag:none",
    "reporter:any", "contact:none",
    "contact:any", "created:<7d", "updated:>14d", "due:none", "responded:none", "responded:<1d", "resolved:none",
    "closed:none", "parent:none", "channel:bench", "external:none", "priority:high -team:network created:<7d",
    "tag:vip OR created:<1d",
    *(f"is:all sort:{sign}{key}" for key in ("priority", "due", "resolved", "closed") for sign in ("", "-")),
    *(f"sort:{order}" for order in ("priority", "-priority", "-due", "resolved", "-resolved", "closed", "-closed")),
)  # fmt: skip
"""These may read more than they show, if they say so."""
