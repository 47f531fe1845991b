"""Results in every format: what is written, what is refused, what happens when nobody reads."""

from __future__ import annotations

import csv
import io
import json
import subprocess

import pytest
from nouns import TICKETS, Person, Remark, State, Ticket

from casectl.cli.output import Output
from casectl.errors import InvalidInput, UsageError
from casectl.result_fields import field_paths

ONE = Ticket(assignee=Person("Ann", "ann"), tags=["vip", "eu"], fields={"system": "crm", "a.b": 1})
TWO = Ticket(number="INC-22", title="Slow", status=State("Closed", "closed"), priority=1, priority_name="low")


def many(*items):
    return lambda output: output.emit_many(iter(items), TICKETS)


def one(output):
    output.emit_one(ONE, TICKETS)


def test_a_table_without_a_terminal_is_plain_and_uncut(writes):
    long = Ticket(number="INC-3", title="x" * 500)
    assert writes(many(ONE, TWO, long)) == (
        "NUMBER  STATUS         PRIORITY  ASSIGNEE  TITLE\n"
        "INC-1   > In progress  high      Ann       Login fails\n"
        "INC-22  x Closed       low                 Slow\n"
        f"INC-3   > In progress  high                {'x' * 500}\n"
    )


def test_json_is_one_array_with_an_item_a_line(writes):
    text = writes(many(ONE, TWO), "json")
    assert [item["number"] for item in json.loads(text)] == ["INC-1", "INC-22"]
    assert len(text.splitlines()) == 4
    assert json.loads(writes(one, "json"))["assignee"] == {"name": "Ann", "login": "ann"}


def test_json_lines(writes):
    lines = writes(many(ONE, TWO), "jsonl").splitlines()
    assert [json.loads(line)["priority"] for line in lines] == [3, 1]


def test_csv_has_the_leaves_and_reads_back(writes):
    quoted = Ticket(title='say "a", b\nnext')
    rows = list(csv.DictReader(io.StringIO(writes(many(ONE, quoted), "csv"))))
    assert rows[1]["title"] == 'say "a", b\nnext'
    assert rows[0]["assignee.name"] == "Ann"
    assert rows[1]["assignee.name"] == ""
    assert rows[0]["priority"] == "3"
    assert json.loads(rows[0]["tags"]) == ["vip", "eu"]
    assert json.loads(rows[0]["fields"]) == {"system": "crm", "a.b": 1}
    assert rows[0]["remarks"] == "[]"


def test_tsv_keeps_a_record_on_its_line(writes):
    text = writes(many(Ticket(title="a\tb\nc\\d")), "tsv", fields="number,title")
    assert text == "number\ttitle\nINC-1\ta\\tb\\nc\\\\d\n"


def test_ids_one_a_line(writes):
    assert writes(many(ONE, TWO), "id") == "INC-1\nINC-22\n"
    assert writes(many(ONE), "id", fields="title") == "INC-1\n"
    assert writes(one, "id") == "INC-1\n"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("table", ""), ("json", "[]\n"), ("jsonl", ""), ("csv", ""), ("tsv", ""), ("id", "")],
)
def test_nothing_found_is_a_sentence_on_stderr(writes, capsys, kind, expected):
    assert writes(many(), kind) == expected
    assert capsys.readouterr().err == "No cases match.\n"
    assert writes(many(), kind, quiet=True) == expected
    assert capsys.readouterr().err == ""


def test_what_is_left_out_is_told_on_stderr(writes, capsys):
    text = writes(lambda output: output.emit_many([ONE], TICKETS, more="more: casectl list --cursor x"), "id")
    assert text == "INC-1\n"
    assert capsys.readouterr().err == "more: casectl list --cursor x\n"


def test_fields_choose_in_every_format(writes):
    fields = "assignee.name,number,fields.system,fields.a.b,fields.none"
    chosen = {"assignee": {"name": "Ann"}, "number": "INC-1", "fields": {"system": "crm", "a.b": 1, "none": None}}
    assert json.loads(writes(many(ONE), "json", fields=fields)) == [chosen]
    assert json.loads(writes(one, "json", fields=fields)) == chosen
    assert json.loads(writes(many(ONE), "jsonl", fields=fields)) == chosen
    assert writes(many(ONE), "csv", fields=fields) == f"{fields}\nAnn,INC-1,crm,1,\n"
    assert writes(many(ONE), fields="number,assignee.name,status").splitlines() == [
        "NUMBER  ASSIGNEE.NAME  STATUS",
        "INC-1   Ann            > In progress",
    ]
    assert writes(one, fields="number, fields.system") == "Number         INC-1\nFields.system  crm\n"


def test_a_field_below_null_or_unset_is_null(writes):
    assert json.loads(writes(many(TWO), "json", fields="assignee.name,description")) == [
        {"assignee": None, "description": None}
    ]


def test_a_field_below_a_list_is_taken_from_each(writes):
    noted = Ticket(remarks=[Remark(Person("Ann"), "a"), Remark(Person("Bob"), "b")])
    text = writes(many(noted), "json", fields="remarks.author.name")
    assert json.loads(text) == [{"remarks": [{"author": {"name": "Ann"}}, {"author": {"name": "Bob"}}]}]
    assert writes(many(noted), fields="remarks.author.name").splitlines()[1] == "Ann, Bob"


def test_fields_help_lists_them_and_nothing_else_happens(writes):
    text = writes(lambda output: output.prepare(TICKETS) and pytest.fail("goes on"), "json", fields="help")
    assert text.splitlines() == field_paths(Ticket)
    assert text.splitlines()[:7] == [
        "number", "title", "status", "status.name", "status.category", "priority", "priority_name"
    ]  # fmt: skip
    assert {"fields.NAME", "assignee.login", "remarks.author.name"} <= set(text.splitlines())


def test_unknown_fields_are_all_told_with_the_legal_ones():
    output = Output("json", fields="nummer,title,assignee.nam,number.x")
    with pytest.raises(InvalidInput, match="unknown field 'nummer'") as refused:
        output.prepare(TICKETS)
    assert [problem.message for problem in refused.value.problems] == [
        "--fields: unknown field 'nummer'",
        "--fields: unknown field 'assignee.nam'",
        "--fields: unknown field 'number.x'",
    ]
    assert "'number'" in refused.value.problems[0].hint
    assert "'assignee.name'" in refused.value.problems[1].hint
    assert "assignee.login" in refused.value.hint
    assert "number" in refused.value.problems[0].allowed


def test_no_field_reaches_an_attribute():
    for field in ("__class__", "number.__class__", "status.__struct_fields__", ",", "fields."):
        with pytest.raises(InvalidInput):
            Output(fields=field).prepare(TICKETS)


def test_select_works_on_the_json_of_all(writes):
    assert writes(many(ONE, TWO), "json", select="[?priority>`2`].number") == '["INC-1"]\n'
    assert writes(many(ONE, TWO), select="[].title") == "Login fails\nSlow\n"
    assert writes(many(ONE, TWO), "jsonl", select="{n: number}") == '{"n":"INC-1"}\n{"n":"INC-22"}\n'
    assert writes(one, select="assignee.login") == "ann\n"
    assert writes(one, "json", select="assignee.login") == '"ann"\n'
    assert writes(one, select="nothing") == "\n"
    assert writes(one, select="{p: priority, c: status.category}") == '{"p":3,"c":"open"}\n'
    assert writes(many(ONE), "json", fields="number", select="[0]") == '{"number":"INC-1"}\n'


@pytest.mark.parametrize("expression", ["[", "foo(", "nosuch(@)", "(" * 5000, "abs('x')"])
def test_a_wrong_expression_is_refused(writes, expression):
    with pytest.raises(InvalidInput, match="--select: "):
        writes(one, "json", select=expression)


def test_jq_runs_or_names_its_extra(writes):
    try:
        import jq  # noqa: F401
    except ImportError:
        with pytest.raises(UsageError, match="--jq needs the extra 'jq'") as refused:
            Output(jq=".").prepare(TICKETS)
        assert "casectl[jq]" in refused.value.hint
    else:
        assert writes(many(ONE, TWO), "json", jq=".[].number") == '"INC-1"\n"INC-22"\n'
        assert writes(many(ONE, TWO), jq=".[].number") == "INC-1\nINC-22\n"
        for wrong in (".[", "error(1)"):
            with pytest.raises(InvalidInput, match="--jq: "):
                writes(one, "json", jq=wrong)


def test_a_template_fills_a_line_for_each(writes):
    assert writes(many(ONE, TWO), template="{number} {assignee.name}|{fields.system}") == "INC-1 Ann|crm\nINC-22 |\n"
    assert writes(one, template=r"{{{number}}}\t\\{tags}\n") == "{INC-1}\t\\vip, eu\n\n"
    assert writes(many(ONE), "jsonl", template="plain") == "plain\n"


@pytest.mark.parametrize("template", ["{number", "number}", "{}", "{number.__class__}", "{number!r}", "{0}", "{a,b}"])
def test_a_template_is_no_code(template):
    with pytest.raises(InvalidInput, match="--template"):
        Output(template=template).prepare(TICKETS)


def test_options_that_exclude_each_other_are_refused():
    with pytest.raises(UsageError, match="--select and --template exclude each other"):
        Output(select="a", template="b")
    with pytest.raises(UsageError, match="--select and -o csv exclude each other"):
        Output("csv", select="a")
    with pytest.raises(UsageError, match="unknown output format 'jsn'") as refused:
        Output("jsn")
    assert refused.value.hint.startswith("did you mean 'json")


def test_one_result_in_detail(writes):
    noted = Ticket(
        assignee=Person("Ann"),
        fields={"system": "crm", "site": None},
        description="First line\n\nlast line\n",
        remarks=[Remark(Person("Bob"), "on it\nsoon"), Remark(Person("Cy"), "done")],
    )
    lines = writes(lambda output: output.emit_one(noted, TICKETS)).splitlines()
    assert lines[:5] == [
        "Number    INC-1",
        "Title     Login fails",
        "Status    > In progress",
        "Assignee  Ann",
        "system    crm",
    ]
    assert lines[5].startswith("Created   2026-11-23 ")
    assert lines[6:] == [
        "", "First line", "", "last line", "", "Remarks", "", "Bob", "  on it", "  soon", "", "Cy", "  done"
    ]  # fmt: skip


def test_texts_that_are_no_result_are_safe(writes):
    assert writes(lambda output: output.emit_text("a\n\x1b[1mb")) == "a\n\\x1b[1mb\n"


STREAM = """
import sys
from nouns import TICKETS, Ticket
from casectl.cli.output import Output
fetched = 0
def results():
    global fetched
    try:
        for fetched in range(1, {count}):
            yield Ticket()
    finally:
        print("closed", file=sys.stderr)
output = Output({kind!r})
output.emit_many(results(), TICKETS)
output.emit_many(results(), TICKETS)
print(fetched, output.closed, file=sys.stderr)
"""


@pytest.mark.parametrize("kind", ["json", "jsonl", "csv", "tsv", "id"])
def test_a_reader_that_goes_away_ends_the_writing_quietly(python, kind):
    code = STREAM.format(count=10**9, kind=kind)
    # Nobody ever reads: the pipe's reading end is closed at once.
    import os

    reading, writing = os.pipe()
    os.close(reading)
    done = python(code, stdout=writing)
    os.close(writing)
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert lines[0] == "closed"
    assert lines[-1].endswith("True")
    assert int(lines[-1].split()[0]) < 100_000
    assert "rror" not in done.stderr


def test_a_table_nobody_reads_ends_quietly(python):
    done = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$0" -c "$1" | head -n 1; echo "${PIPESTATUS[0]}"', *python_words()],
        capture_output=True, text=True, timeout=240,
        env=_environment(),
    )  # fmt: skip
    assert done.stdout.splitlines()[0].startswith("NUMBER")
    assert done.stdout.splitlines()[1] == "0"
    assert "rror" not in done.stderr


def python_words():
    import sys

    return [sys.executable, STREAM.format(count=20_000, kind="table")]


def _environment():
    import os

    from tests.cli.conftest import HERE, PLAIN

    return {**PLAIN, "PYTHONPATH": f"{HERE}{os.pathsep}{HERE.parents[1]}"}


FULL = """
import sys
from nouns import TICKETS, Ticket
from casectl.cli.output import Output
from casectl.cli.messages import complain
from casectl.errors import Refusal
try:
    Output({kind!r}).emit_many([Ticket()] * {count}, TICKETS)
except Refusal as refusal:
    complain(refusal)
    sys.exit(refusal.exit_code)
"""


@pytest.mark.parametrize("kind", ["table", "json", "csv"])
@pytest.mark.parametrize("count", [1, 5000])
def test_a_full_disk_is_one_line_and_exit_code_1(python, kind, count):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = python(FULL.format(kind=kind, count=count), stdout=full)
    assert done.stderr == "casectl: cannot write to standard output: No space left on device\n"
    assert done.returncode == 1


def test_a_closed_stdout_is_told(python):
    import os

    done = python(FULL.format(kind="json", count=1), stdout=None, preexec_fn=lambda: os.close(1))
    assert done.stderr.startswith("casectl: standard output is closed\n")
    assert done.returncode == 1


def test_an_error_of_the_source_is_not_taken_for_one_of_stdout(writes):
    def broken():
        yield ONE
        raise BrokenPipeError("the database went away")

    with pytest.raises(BrokenPipeError, match="the database"):
        writes(lambda output: output.emit_many(broken(), TICKETS), "jsonl")


@pytest.mark.no_cover
@pytest.mark.parametrize("kind", ["json", "jsonl", "csv", "tsv", "id"])
def test_many_results_stream_in_constant_memory(python, kind):
    code = f"""
import resource
from nouns import TICKETS, Ticket
from casectl.cli.output import Output
output = Output({kind!r})
output.emit_many((Ticket() for _ in range(100)), TICKETS)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
output.emit_many((Ticket() for _ in range(50_000)), TICKETS)
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
assert grown < 2_000, grown
"""
    assert python(code, stdout=subprocess.DEVNULL).stderr == ""


def test_a_terminal_encoding_that_lacks_letters_gets_escapes(python):
    code = (
        "from nouns import *\nfrom casectl.cli.output import Output\nOutput().emit_many([Ticket(title='é→')], TICKETS)"
    )
    env = {**_environment(), "PYTHONIOENCODING": "latin-1"}
    done = python(code, env=env, encoding="latin-1")
    assert done.stdout.splitlines()[1].endswith("é\\u2192")


def test_a_command_that_prints_a_table_loads_nothing_heavy(python):
    code = """
import sys
import msgspec
before = set(sys.modules)
from casectl.config import load
from nouns import TICKETS, Ticket
from casectl.cli.output import Output
load({})
Output().emit_many([Ticket()], TICKETS)
heavy = {"rich", "subprocess", "shlex", "tomllib", "tomlkit", "jmespath", "csv", "pwd", "dataclasses", "asyncio"}
print(sorted(heavy & (set(sys.modules) - before)), file=sys.stderr)
"""
    assert python(code).stderr == "[]\n"
