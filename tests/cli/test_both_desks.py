"""The same command lines on two desks that begin alike, one behind a server: what they write, say and end with.

Every line is a process of its own. The desks have a database each, so a line's changes are there for the lines below it
on both; the lines stand in one order for that reason.
"""

from __future__ import annotations

import os
import re
import shlex
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from casectl import registry
from casectl.api.app import make_app
from tests import warm_commands
from tests.cli.test_type_documents import TASK
from tests.conftest import copied
from tests.contract.conftest import contract_template, remote_template, serving
from tests.demo_home import ROOT
from tests.served import config_of

__all__ = ["contract_template", "remote_template", "serving"]

LINES = """
list
list --json
list -o id
create "Login fails" --priority high --contact ada@example.com --tag vpn
create "Printer on fire" -p critical --team l1 --assignee wanda --due 2030-01-02T10:00
create Third --type request --field urgency=nope
create "Third" --type request -o json
create ""
create
create Nothing --type nonsense
create Nothing --priority enormous --assignee nobody --due never
create Tried --dry-run
create Once --idempotency-key k1 -o id
create Once --idempotency-key k1 -o id
create Other --idempotency-key k1 -o id
show 1
show 1 --json
show 1 --fields number,title,status.name -o tsv
show 1 --fields help
show 1 --fields nope
show 1 --select title
show 1 --select [
show 77
show INC-2026-00001x
list priority:>=high
list team:( prio:x
list "due:<9x"
list --sort nope
list --limit 1 --json
list --limit 1 -o id
list --limit 0
list --limit 2000
list --cursor nonsense
list --all -o jsonl --fields number,title
list -o csv
list --template "{number} {title}"
list -q nothing
search printer
search printer -o id
search ""
note 1 "Called the provider" --internal
note 1
note 1 < "from standard input"
note 99 text
note 1 "not so fast" --if-match 1
status 1 active
status 1 bogus
status 1 closed
assign 1 walt
assign 1 nobody
assign 1 none
take 1
take 1
take 2
escalate 1 "Down since 9:40"
escalate 1
update 1 --title "Login fails for all" --add-tag all
update 1 --if-match 1 --title late
update 1 --due none --priority low
update 1
close 1 --field nope=1
close 1
close 1
close 2
reopen 1
reopen 2
delete 3
delete 3 --yes
list is:deleted
trash list
trash list --json --fields number,title,deleted_by.login
trash list --older-than 1d
trash list --older-than ages
trash list --cursor nonsense
show 3
purge 3
purge 3 --dry-run
purge 3 --confirm 3
purge 1 --confirm 1
purge 99 --confirm 99
purge
purge --older-than 1d
purge - --confirm 2 < ""
restore 3
restore 3
delete 4
purge --older-than 0s --confirm 0s
show 4
history 4 --fields operation,actor,redacted,changes
restore 4
bulk-update 1 2 99 --priority low --yes
bulk-update 1 2 --priority low --dry-run
bulk-update --query priority:low --add-tag slow --yes
bulk-update --query "" --priority low --yes
bulk-update - --priority high < "1\\n2\\n"
bulk-update - --priority high
bulk-update 1 2
history 1
history 99
show 1 --at now
show 1 --at now --json
show 1 --at 2h
show 1 --at tomorrow
show 1 --at soon
show 99 --at now
diff 1 now
diff 1 now --json
diff 1 2h
diff 1 now tomorrow
diff 1 now 1900
diff 1
diff 99 now
actions 1
actions 99
events --limit 3 --fields name,case.number
events nothing:is
events --after nonsense
user list
user list --json
user show wanda
user show nobody
user add eve --name Eve --email eve@example.com --role Reporter
user add eve --name Eve --email eve@example.com --role Reporter
user add mallory --role Nothing
user password eve < "three owls in a row\\n"
user password eve < "short\\n"
user password eve
user password nobody < "three owls in a row\\n"
user list w --role "case worker"
user list --role nothing
user list --all -o csv --fields login,is_active
user change eve --name "Eve Moss" --add-role "Case Worker" --remove-role Reporter
user change eve
user change eve --login wanda --email nope
user change eve --login wanda
user change eve --email none --add-role Emperor
user change nobody --name X
user deactivate eve --reassign-to wanda --lead-to none
user deactivate eve --json
user deactivate admin
user deactivate nobody
user list
user activate eve -o id
team list
team list --member walt
team show l1
team show nothing
team add l3 --lead walt --member wanda
team add l3
team change l3 --name third --add-member rita --remove-member wanda
team change third --lead none --json
team change third
team change l1 --name third
team deactivate third
team deactivate third --reassign-to third
team deactivate l1 --reassign-to l2 --dry-run
team list --all
team activate third
role list
role list --all --having case:delete --json
role list --having case:delte
role show "case worker"
role show nothing
role add Auditor --right case:read --right history:read
role add Auditor
role add Bad --right case:raed
role change Auditor --add-right audit:read --remove-right case:read
role change Auditor
role change "Case Worker" --name Slave
role change "Tenant Admin" --remove-right user:manage
role deactivate Auditor
role deactivate "Tenant Admin"
user add carl --role Auditor
role list
role activate Auditor --json
contact list
contact show ada@example.com
contact show nobody@example.com
contact add "Ada Lovelace <ada2@example.com>"
contact add ""
contact change ada2@example.com --name "Ada L" --phone "+39 06 12"
contact change ada2@example.com --email ada@example.com
contact change ada2@example.com
contact deactivate ada2@example.com
contact list
contact list --all
create "About Ada" --contact ada2@example.com
contact activate ada2@example.com --json
type list
type show incident
type show nothing
access explain wanda close 1
access explain @me status 1 --to resolved --json
access explain rita show 2
access explain rita note 2 --internal
access explain wanda "user add"
access explain nobody list
access explain wanda lst
access explain wanda list 1
access explain wanda
type list --all
type add task --title Task --number-pattern T-{seq} --lifecycle task.toml
type add task --title Task --number-pattern T-{seq} --lifecycle task.toml
type add other --title "" --number-pattern X --lifecycle wrong.toml
type add other
lifecycle add other
type change incident --title Störung
type change incident --title Störung
type change incident
type change incident --lifecycle no-such-file.json
type change incident --lifecycle wrong.toml
type change incident --lifecycle wrong.toml --json
type change incident --lifecycle task.toml --dry-run
type change incident --lifecycle task.toml --dry-run --json
type change nothing --title X
type set incident --title Incident
type revisions incident
type revisions nothing
type diff incident
type diff incident 1 2
type diff incident 1 99
type show incident --revision 1 --select revision
type migrate incident --dry-run
type migrate incident --map-status nothing=active --fill nope=1
type migrate incident --json
type deactivate request
create "Late" --type request
type activate request
lifecycle list
lifecycle show incident
lifecycle show incident --revision 1 --json
lifecycle show nothing
lifecycle check task.toml
lifecycle check wrong.toml
lifecycle check wrong.toml --json
lifecycle check
tenant show
tenant change --timezone Europe/Vienna --default-priority high
tenant change --timezone Nowhere/Land --default-priority enormous --title ""
tenant change --default-priority none
tenant change --workflow-engine slow
tenant change
key create nightly --right case:read --expires 90d
key create backup --right case:read -o id
key create other --right case:fly
key list
key rotate nightly --grace 1d
key revoke nightly
key revoke nothing
client add monitoring --right case:create
client add monitoring --right case:create
client add reports --right case:read --redirect https://reports.example.com/callback
client add bad --redirect nonsense --right nothing
client list
client show monitoring
client show nothing
client rotate monitoring
client revoke monitoring
client revoke monitoring
session list --user eve
session revoke 99
session revoke all --user nobody
job list
job show 99
job cancel 99
export -o csv
export is:all --notes --history
export -o json title-nothing-there
export -o table
export nothing:x
export --notes --file all.jsonl
export --file all.jsonl
import all.jsonl --dry-run --json
import - < "nonsense"
import - --json < "title,priority\\nFrom a pipe,high\\n"
import no-such-file.csv --map incidents.toml
import incidents.csv --map incidents.toml --dry-run --json
import incidents.csv --map incidents.toml --json
import incidents.csv --map incidents.toml --json
import incidents.csv
list --limit 3
@wanda list --limit 3
@wanda user add x --name X
@wanda access explain @me "type add"
@wanda access explain rita list
@rita access explain rita note 1
@wanda tenant change --title Mine
@wanda type change incident --title X
@wanda type migrate incident
@wanda type deactivate incident
@wanda update 1 --title "not mine"
@wanda user deactivate walt
@wanda role list
@wanda contact change ada2@example.com --phone none
@wanda key create small
@wanda key create big --right user:manage
@wanda client list
@wanda export
@wanda import all.jsonl
@rita create "My screen is black"
@rita list
@rita show 1 --at now
@rita diff 1 now
@rita show 1
@rita note 1 secret
@rita note 1 secret --internal
@rita bulk-update --query is:open --priority low --yes
@rita user list
@rita session list --user wanda
frobnicate
list --frobnicate
user
""".strip().splitlines()

DIFFERS = {
    "whoami": "tells the way one came: this machine's user, or a client",
    "session list": "a login of the server is there only where one has logged in",
}
"""Verbs that must answer differently; tests/client and tests/api try them."""

SHIFTING = (
    (r"(?m)^(Importing|Checking|Exporting|bulk-update|type migrate): [\d,]+( of [\d,]+ \(\d+ %\))?\n", ""),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?", "TIME"),
    (r"\b20\d\d-\d\d-\d\d \d\d:\d\d(:\d\d)?", "TIME"),
    (r"\b(in )?\d+[smhd]( ago)?\b", "AGE"),
    (r"\b(ck|cs)_[-\w]+", "SECRET"),
    (r"\bcl_[-\w]+", "CLIENT"),
    (r"--after=\S+", "--after=CURSOR"),
    (r'"seconds": [\d.]+', "SECONDS"),
    (r'"request_id": ?"\w+"', "REQUEST"),
)
"""What differs from one second to the next, progress that is told every five seconds, and secrets."""


class Desk:
    """Runs casectl as people of acme in a folder of its own."""

    def __init__(self, folder, **people):
        self.folder, self.people = folder, people
        folder.mkdir()
        for name, path in {"incidents.csv": "tests/data/incident_sample.csv",
                           "incidents.toml": "casectl/examples/incident_event_log.toml"}.items():  # fmt: skip
            (folder / name).symlink_to(ROOT / path)
        (folder / "task.toml").write_text(TASK)
        (folder / "wrong.toml").write_text(TASK.replace("done", "done!").replace("target", "goal", 1))
        kept = {name: os.environ[name] for name in os.environ if name == "PATH" or name.startswith("COVERAGE")}
        self.environ = {**kept, "HOME": str(folder), "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}

    def run(self, line):
        """Exit code, stdout and stderr of a line of the table."""
        who, _, rest = line.partition(" ") if line.startswith("@") else ("@admin", "", line)
        command, _, given = rest.partition(" < ")
        stdin = shlex.split(given)[0].replace("\\n", "\n") if given else ""
        done = warm_commands.run(shlex.split(command), self.environ | self.people[who[1:]], self.folder, stdin)
        return done.returncode, steady(done.stdout), steady(done.stderr).replace(str(self.folder), "FOLDER")


def steady(text):
    for pattern, word in SHIFTING:
        text = re.sub(pattern, word, text)
    return re.sub(r" {2,}", "  ", text)


@pytest.fixture(scope="module")
def desks(server, remote_template, serving, tmp_path_factory):
    """The desk itself, and a desk behind a server; both are copies of one."""
    place = tmp_path_factory.mktemp("desks")
    template, tokens = remote_template
    names = ("admin", "wanda", "rita")
    with copied(server, template.name) as here, copied(server, template.name) as there:
        url = psycopg.conninfo.make_conninfo("", **here.app)
        local = {name: {"CASECTL_DATABASE_URL": url, "CASECTL_TENANT": "acme", "CASECTL_USER": name} for name in names}
        with serving.serve(make_app(config_of(there))) as served:
            remote = {name: {"CASECTL_REMOTE_URL": served.url, "CASECTL_TOKEN": tokens["acme", name]} for name in names}
            yield Desk(place / "local", **local), Desk(place / "remote", **remote)


@pytest.mark.slow
def test_every_line_is_the_same_on_both(desks):
    with ThreadPoolExecutor() as pool:
        told = list(zip(LINES, *pool.map(lambda desk: [desk.run(line) for line in LINES], desks), strict=True))
    differing = [(line, here, there) for line, here, there in told if here != there]
    assert not differing
    for line, (code, _, err), _ in told:
        assert code in range(9), line
        assert "Traceback" not in err, line
        if code not in (0, 8):
            assert err.startswith(("casectl: ", '{"error":{"code":')), line


def test_every_verb_is_in_the_table():
    words = {re.sub(r"^@\w+ ", "", line) for line in LINES}
    verbs = [entry.name for entry in registry.ENTRIES if entry.kind == "verb" and not entry.hidden]
    missing = [name for name in verbs if not any(f"{word} ".startswith(f"{name} ") for word in words)]
    assert sorted(missing) == [name for name in sorted(DIFFERS) if name in missing]
