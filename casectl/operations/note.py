"""The verb `note`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.case import CaseLine, WrittenNote
from casectl.operation import Cli, Operation
from casectl.operations._change import check_version
from casectl.operations._plan import in_trash, not_permitted
from casectl.rules import case_input, rights

if TYPE_CHECKING:
    from casectl.model.case import Case
    from casectl.unit import Unit


class AddNote(Operation[WrittenNote], frozen=True, kw_only=True):
    """Write a note on a case.

    Notes are public unless `--internal` is given: the reporter reads them. The first public note by somebody else
    than the reporter is the first response.
    """

    name: ClassVar[str] = "note"
    right: ClassVar[str] = "note:create"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/cases/{case}/notes/"),)
    cli: ClassVar[Cli] = Cli(
        group="Work on cases",
        positionals=("case", "content"),
        options={"is_internal": ("-i", "--internal")},
        aliases=("comment",),
        template=("is_internal",),
        examples=(
            ('casectl note INC-2026-00024 "A restart helped, please try again"', ""),
            ('casectl note INC-2026-00024 --internal "The disk of crm-db-2 is full"', "not for the reporter"),
        ),
        view="note",
    )

    case: Annotated[str, Meta(description="number or id of the case")]
    content: Annotated[str, Meta(description="the text", extra={"text": True})]
    is_internal: Annotated[bool, Meta(description="hide it from reporters")] = False
    channel: Annotated[str, Meta(description="how it came in")] = "cli"

    async def run(self, unit: Unit) -> WrittenNote:
        content = case_input.note_text(self.content)
        channel = case_input.one_line(self.channel, "channel", "/channel", case_input.MAX_TAG)
        case = await unit.cases.get(self.case, with_description=False)
        check_version(unit, case.number, case.version)
        if case.deleted_at is not None:
            raise in_trash(case.number)
        reason = rights.may_note(unit.actor, case_facts(unit, case), internal=self.is_internal)
        if reason:
            raise not_permitted(reason, case.number)
        note = await unit.notes.insert(case, content, is_internal=self.is_internal, channel=channel)
        if case.first_response_at is None and self._is_response(unit, case):
            await _mark_response(unit, case.id)
        told = {name: getattr(note, name) for name in note.__struct_fields__}
        return WrittenNote(**told | {"case": CaseLine(id=case.id, number=case.number, title=case.title)})

    def _is_response(self, unit: Unit, case: Case) -> bool:
        is_reporter = case.reporter is not None and case.reporter.id == unit.actor.user_id
        return not self.is_internal and not is_reporter and "note:create_internal" in unit.actor.rights


def case_facts(unit: Unit, case: Case) -> rights.CaseFacts:
    """What decides whether the actor may write a note; he is the contact whose mail address is his."""
    email = case.contact.email if case.contact else None
    is_contact = bool(email) and str(email).lower() == unit.actor.email.lower()
    return rights.CaseFacts(
        assignee_id=case.assignee.id if case.assignee else None,
        team_id=case.team.id if case.team else None,
        reporter_id=case.reporter.id if case.reporter else None,
        contact_user_id=unit.actor.user_id if is_contact else None,
    )


async def _mark_response(unit: Unit, case_id: int) -> None:
    row = (await unit.cases.lock([str(case_id)]))[0]
    if row.first_response_at is None:
        await unit.cases.write([(row, {"first_response_at": await unit.now()})])
