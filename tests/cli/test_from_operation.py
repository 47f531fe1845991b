"""A verb's declaration as a command: its options and arguments, and what typed words come to."""

# ruff: noqa: RUF012 - msgspec copies the defaults of fields

from __future__ import annotations

from typing import Annotated, Any

import pytest
from msgspec import UNSET, Meta, UnsetType

from casectl.cli.command_tree import unshielded
from casectl.cli.common_options import CommonOptions, split
from casectl.cli.from_operation import function_command, verb_command
from casectl.cli.parameters import given_values, singular
from casectl.errors import InvalidInput
from casectl.field_types import describe
from casectl.operation import Cli, Operation


class Change(Operation[None], frozen=True, kw_only=True):
    """Change something.

    A second paragraph that is `long` enough to be wrapped, so that the page shows whether words are kept together.
    """

    name = "change"
    cli = Cli(
        positionals=("case", "content"),
        options={"title": ("-t",), "is_open": ("--open/--shut",)},
        metavars={"assignee": "WHO"},
        examples=(("casectl change 1 text", "as it is"),),
        hidden=("secret",),
    )

    case: Annotated[str, Meta(description="which")]
    content: Annotated[str, Meta(description="the text", extra={"text": True})]
    title: Annotated[str, Meta(description="a line")] | UnsetType = UNSET
    assignee: Annotated[str, Meta(description="somebody")] | UnsetType | None = UNSET
    is_internal: Annotated[bool, Meta(description="hide it")] = False
    is_open: Annotated[bool, Meta(description="open it")] | UnsetType = UNSET
    wanted: Annotated[bool, Meta(description="want it")] | UnsetType = UNSET
    add_tags: Annotated[list[str], Meta(description="a tag")] = []
    fields: Annotated[dict[str, Any], Meta(description="a field")] = {}
    count: Annotated[int, Meta(description="how many")] = 1
    secret: str = ""


class Find(Operation[None], frozen=True, kw_only=True):
    """Find something."""

    name, reads, paged = "find", True, True
    cli = Cli(positionals=("query",))

    query: Annotated[list[str], Meta(description="what", extra={"query": True})] = []
    limit: Annotated[int, Meta(description="how many")] = 50
    cursor: Annotated[str, Meta(description="where")] = ""


class Sweep(Operation[None], frozen=True, kw_only=True):
    """Sweep many."""

    name, batched = "sweep", "cases"
    cli = Cli(positionals=("cases",))

    cases: Annotated[list[str], Meta(description="which", extra={"stdin": True})]
    dry_run: Annotated[bool, Meta(description="only tell")] = False


def parsed(verb, *words):
    """The fields that `words` give, and the common options."""
    command = verb_command(verb, verb.name)
    with command.make_context(verb.name, list(words)) as ctx:
        own, common = split({name: unshielded(value) for name, value in ctx.params.items()})
    return given_values(describe(verb, verb.cli.hidden), own), {
        key: one for key, one in common.items() if one is not None
    }


def options(verb):
    return {word for one in verb_command(verb, verb.name).params for word in (*one.opts, *one.secondary_opts)}


def test_names_of_options():
    names = options(Change)
    assert {"-t", "--title", "--assignee", "--internal", "--open", "--shut", "--wanted", "--no-wanted", "--add-tag",
            "--field", "--count", "-F", "--file"} <= names  # fmt: skip
    assert not {"--secret", "--no-internal", "--is-internal", "--add-tags", "--content"} & names


def test_common_options_follow_from_what_a_verb_does():
    assert {"--dry-run", "--if-match", "--idempotency-key", "--yes", "--json", "--as"} <= options(Change)
    assert {"--dry-run", "--if-match", "--idempotency-key"}.isdisjoint(options(Find))
    assert "--all" in options(Find)
    assert "--if-match" not in options(Sweep)
    assert "--all" not in options(Sweep)


def test_what_is_not_given_is_left_out():
    assert parsed(Change, "7") == ({"case": "7"}, {})


def test_words_become_values():
    values, common = parsed(
        Change, "7", "text", "-t", "x", "--assignee", "none", "--internal", "--shut", "--no-wanted",
        "--add-tag", "a, b", "--add-tag", "c", "--field", "k=v=w", "--field", "n:=3", "--field", "gone=none",
        "--count", "4", "--json",
        "--if-match", "3", "--as", "ann",
    )  # fmt: skip
    assert values == {
        "case": "7", "content": "text", "title": "x", "assignee": None, "is_internal": True, "is_open": False,
        "wanted": False, "add_tags": ["a", "b", "c"], "fields": {"k": "v=w", "n": 3, "gone": None}, "count": 4,
    }  # fmt: skip
    assert common == {"json": True, "if_match": 3, "user": "ann"}


def test_none_is_a_word_where_nothing_can_be_cleared():
    assert parsed(Change, "7", "-t", "none")[0]["title"] == "none"


@pytest.mark.parametrize("word", ["novalue", "=x", "n:={", ":=1"])
def test_a_malformed_pair_is_refused_with_its_shape(word):
    with pytest.raises(InvalidInput, match="is not KEY"):
        parsed(Change, "7", "--field", word)


def test_all_malformed_pairs_are_told():
    class Two(Operation[None], frozen=True, kw_only=True):
        name = "two"
        fields: dict[str, Any] = {}
        labels: dict[str, Any] = {}

    with pytest.raises(InvalidInput) as caught:
        parsed(Two, "--field", "x", "--label", "y")
    assert [problem.pointer for problem in caught.value.problems] == ["/fields", "/labels"]


def test_negated_terms_of_a_query_are_no_options():
    values, common = parsed(Find, "-team:l2", "a", "-field.x:y", "-priority>=high", "-o", "json", "--limit", "3")
    assert values == {"query": ["-team:l2", "a", "-field.x:y", "-priority>=high"], "limit": 3}
    assert common == {"output": "json"}


def test_several_cases_are_one_list():
    assert parsed(Sweep, "1", "2,3", "-")[0] == {"cases": ["1", "2,3", "-"]}


@pytest.mark.parametrize(
    ("many", "one"), [("tags", "tag"), ("statuses", "status"), ("replies", "reply"), ("add_tags", "add_tag"),
                      ("classes", "class"), ("process", "process")]
)  # fmt: skip
def test_singular(many, one):
    assert singular(many) == one


def test_the_help_page_reads_as_if_written_by_hand():
    command = verb_command(Change, "change")
    with command.make_context("casectl change", ["--help"], resilient_parsing=True) as ctx:
        page = command.get_help(ctx)
    assert page.startswith(
        "Usage: casectl change CASE [TEXT] [options]\n\n  Change something.\n\n"
        "  A second paragraph that is long enough to be wrapped, so that the page shows\n"
        "  whether words are kept together.\n\n"
        "Arguments:\n  CASE  which\n  TEXT  the text\n\n"
        "Options:\n"
        "  -t, --title TEXT           a line\n"
        "      --assignee WHO         somebody\n"
    )
    assert "      --wanted, --no-wanted  want it\n" in page
    assert page.endswith("Examples:\n  # as it is\n  casectl change 1 text")
    assert page.index("Options:") < page.index("Output:") < page.index("Safety:") < page.index("Everywhere:")


def test_a_function_gets_the_common_options_of_before_and_after_its_name():
    seen = []

    def act(options: CommonOptions, name: str = "x") -> None:
        """Do it."""
        seen.append((name, options.json, options.tenant, options.quiet))

    command = function_command(act, "act")
    with command.make_context("act", ["--json", "--tenant", "late", "--name", "y"]) as ctx:
        ctx.obj = CommonOptions(tenant="early", quiet=True)
        command.invoke(ctx)
    assert seen == [("y", True, "late", True)]
