"""One call of a verb from the command line: gather its input, ask what is missing, perform it, show the result.

Only casectl.cli imports this module. What is refused leaves as a Refusal; casectl.cli.main makes it the exit code.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import msgspec

from casectl import registry
from casectl.cli.messages import confirm, declined, screen
from casectl.cli.parameters import argument_metavar, given_values
from casectl.errors import Failure, InvalidInput, PartialSuccess, Problem, UsageError
from casectl.field_types import VerbField, build
from casectl.operation import AnyOperation, Call

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from casectl.cli.common_options import CommonOptions
    from casectl.cli.questions import Questions
    from casectl.desk import Desk

MANY = 3
"""From this number of cases on a terminal asks first."""

_TOLD = 5
"""Cases that the question names."""

_REFUSED_TOLD = 20
"""Cases that would be refused, told before a question."""


class Execution:
    """A verb, what was typed for it, and the common options of the call."""

    def __init__(
        self, verb: type[AnyOperation], fields: Sequence[VerbField], values: dict[str, Any], options: CommonOptions
    ) -> None:
        self.verb = verb
        self.fields = fields
        self.options = options
        self._values = values
        self._questions: Questions | None = None
        self._run = ""
        self._documents: dict[str, Any] = {}
        self.batch = 0
        self.given: dict[str, Any] = {}

    def run(self) -> None:
        """Do it all. Raises a Refusal; PartialSuccess after the result was written."""
        from casectl.cli.bodies import take_body
        from casectl.cli.case_ids import confirm_ids
        from casectl.cli.noun_views import view_of
        from casectl.desk.open import open_desk

        config = self.options.settings()
        output = self.options.output_for(config)
        view = view_of(self.verb)
        if not output.prepare(view):
            return
        self.given = given_values(self.fields, self._values)
        self._open_documents()
        self._read_references()
        self._read_secrets()
        with open_desk(config, self.options.tell) as desk:
            confirm_ids(self, desk)
            with take_body(self, desk):
                self._perform_and_show(desk, output, view)

    def _perform_and_show(self, desk: Desk, output: Any, view: Any) -> None:
        if getattr(self.verb, "paged", False):
            from casectl.cli.pages import show_pages

            show_pages(self, desk, output, view)
            return
        if getattr(self.verb, "followed", False):
            from casectl.cli.following import show_events

            show_events(self, desk, output, view)
            return
        self._settle(desk, view)
        result = self._performed(desk)
        try:
            if isinstance(result, list):
                output.emit_many(result, view)
            elif result is not None:
                output.emit_one(result, view)
        except Failure as failure:
            if self.verb.reads or self.call().dry_run:
                raise
            raise Failure(f"the change was made, but not told: {failure.message}", hint=failure.hint) from failure
        if self.call().dry_run:
            self.options.tell("dry run: nothing was changed")
        refuse_partial(result)

    def _performed(self, desk: Desk) -> Any:
        """The result of the verb, or of all its parts."""
        if self.verb.batched:
            from casectl.cli.batches import perform_batches

            return perform_batches(self, desk)
        if getattr(self.verb, "stepped", False):
            from casectl.cli.steps import perform_steps

            return perform_steps(self, desk)
        return self.perform(desk)

    def call(self) -> Call:
        """What accompanies the verb."""
        options, key = self.options, self.options.idempotency_key
        if self.batch:
            self._run = self._run or key or os.urandom(8).hex()
            key = f"{self._run}:{self.batch}"
        return Call(idempotency_key=key, expected_version=options.if_match, dry_run=bool(options.dry_run))

    def option(self, name: str) -> Any:
        """What was typed for a parameter that is no field of the verb."""
        return self._values.get(name)

    def perform(self, desk: Desk, *, dry_run: bool = False) -> Any:
        """Perform once, `dry_run` without keeping it; what is required and missing is asked for on a terminal."""
        call = msgspec.structs.replace(self.call(), dry_run=True) if dry_run else self.call()
        self._given_dry_run()
        while True:
            try:
                return desk.perform(build(self.verb, self.given), call)
            except InvalidInput as refusal:
                if not self._ask_for(refusal.problems, desk):
                    raise self._in_files(self._on_the_command_line(refusal)) from None

    def _given_dry_run(self) -> None:
        if self.options.dry_run and any(field.name == "dry_run" for field in self.fields):
            self.given["dry_run"] = True

    def _open_documents(self) -> None:
        """The values of documents; their texts are kept, to tell the lines of what is wrong with them."""
        for field in self.fields:
            if field.is_json and field.name in self.given:
                document = self._documents[field.name] = self.given[field.name]
                self.given[field.name] = document.value

    def _read_references(self) -> None:
        from casectl.cli.case_references import STDIN, expand_references
        from casectl.cli.standard_input import lines

        for field in self.fields:
            words = self.given.get(field.name)
            if field.takes_stdin and words:
                self.given[field.name] = expand_references(words, lines() if STDIN in words else ())
                require_selection(self.given[field.name], given=STDIN in words)

    def _read_secrets(self) -> None:
        secret = [field for field in self.fields if field.is_secret]
        if secret:
            from casectl.cli.secret_input import read_secrets

            self.given |= read_secrets(secret, can_ask=self.options.can_ask())

    def _ask_for(self, problems: Sequence[Problem], desk: Desk) -> bool:
        """Ask for what is missing; False when there is something else to be told, or nobody to ask."""
        if not self.options.can_ask():
            return False
        if self._questions is None:
            from casectl.cli.questions import Questions

            self._questions = Questions(self.verb, self.fields, self.given)
        return self._questions.ask(problems, desk)

    def _on_the_command_line(self, refusal: InvalidInput) -> InvalidInput:
        """The refusal with the usage line as its hint where an argument is missing."""
        missing = {problem.pointer for problem in refusal.problems if problem.code == "required"}
        positional = {f"/{name}" for name in self.verb.cli.positionals}
        if refusal.hint or not missing & positional:
            return refusal
        by_name = {field.name: field for field in self.fields}
        words = [argument_metavar(by_name[name], self.verb.cli) for name in self.verb.cli.positionals]
        hint = f"casectl {self.verb.name} {' '.join(words)}"
        return type(refusal)(refusal.message, hint=hint, problems=refusal.problems)

    def _in_files(self, refusal: InvalidInput) -> InvalidInput:
        """The refusal with the lines of the documents that were read from files."""
        if not self._documents:
            return refusal
        from casectl.cli.document_places import placed

        return placed(refusal, self._documents)

    def _settle(self, desk: Desk, view: Any) -> None:
        """For a verb that declares a `question`: tell what it would do and ask, where somebody can be asked."""
        question = getattr(self.verb, "question", None)
        if question is None or not self.may_ask():
            return
        planned = self.perform(desk, dry_run=True)
        asked = question(planned)
        if not asked:
            return
        from casectl.cli.tables import detail_lines

        shown = msgspec.to_builtins(planned)
        if "outcomes" in shown:
            shown["outcomes"] = [one for one in shown["outcomes"] if one["result"] == "refused"][:_REFUSED_TOLD]
        if "cases" in shown:
            shown["cases"] = shown["cases"][:_TOLD]
        self.options.tell("\n".join(detail_lines(view, shown, screen())))
        if not confirm(asked):
            raise declined("--dry-run shows what would happen")

    def may_ask(self) -> bool:
        """Whether to ask before something changes: somebody is there, and has not said yes or --dry-run already."""
        options = self.options
        return not options.yes and not options.dry_run and options.can_ask()

    def confirm_many(self, references: Sequence[str]) -> None:
        """Ask before many cases change, where somebody can be asked. Raises Failure when the answer is not yes."""
        if len(references) < MANY or not self.may_ask():
            return
        first = ", ".join(references[:_TOLD])
        more = f" and {len(references) - _TOLD:,} more" if len(references) > _TOLD else ""
        if not confirm(f"{self.verb.name} {len(references):,} cases: {first}{more}?"):
            raise declined("--dry-run shows what would happen")

    def listed(self, desk: Desk, query: str) -> Iterator[str]:
        """The numbers of all cases that a query of the command line finds."""
        cases, after = registry.load("list"), None
        while True:
            values: dict[str, Any] = {"query": [query], "limit": 500} | ({"cursor": after} if after else {})
            page = desk.perform(build(cases, values))
            yield from (case.number for case in page.items)
            after = page.next
            if after is None:
                return


def refuse_partial(result: Any) -> None:
    """PartialSuccess when some of a bulk were refused."""
    refused = getattr(result, "refused", 0)
    if isinstance(result, msgspec.Struct) and refused:
        done = getattr(result, "changed", 0) + getattr(result, "unchanged", 0)
        raise PartialSuccess(f"{refused:,} of {refused + done:,} cases were refused")


def require_selection(references: Sequence[str], given: bool) -> None:
    """Refuse a write that names no cases; standard input that happens to be empty is no error."""
    if not references and not given:
        raise UsageError("no case was given", hint="name cases, '-' for standard input, or a --query")
