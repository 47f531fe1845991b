"""Where a JSON pointer lies in a text: every member of JSON and TOML, whatever stands around it."""

from __future__ import annotations

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casectl.cli.document_places import Document

TOML = '''\
# a lifecycle
initial = "new" # the first
"quoted key" = 'a'
a.b = 1
statuses = [{name = "new", category = "new"}, # ] not the end
  {name = "x]", category = """
"quoted" c"""}]

[table]
at = 1979-05-27 07:32:00
[[transitions]]
source = "new"

[[transitions]]
source = 'done'
  [transitions.deep]
  yes = true
[[transitions.sub]]
z = [1, 2,
 3]
'''
PLACES = {
    "": "1:1", "/initial": "2:1", "/quoted key": "3:1", "/a/b": "4:1", "/statuses/0/category": "5:28",
    "/statuses/1": "6:3", "/statuses/1/category": "6:17", "/table": "9:1", "/table/at": "10:1",
    "/transitions": "11:1", "/transitions/0/source": "12:1", "/transitions/1": "14:1",
    "/transitions/1/deep/yes": "17:3", "/transitions/1/sub/0/z/2": "20:2", "/transitions/1/missing": "14:1",
    "/nowhere": "1:1",
}  # fmt: skip


@pytest.mark.parametrize("pointer", PLACES)
def test_a_place_in_toml(pointer):
    tomllib.loads(TOML)
    assert Document({}, "f.toml", TOML, is_toml=True).place(pointer) == f"f.toml:{PLACES[pointer]}"


DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(DOCUMENTS, st.sampled_from([None, 1, 4]), st.booleans())
def test_every_member_of_any_json_is_found_where_it_stands(value, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    document = Document(value, "f", text, is_toml=False)
    lines = text.split("\n")

    def check(part, pointer, key=None):
        _, line, column = document.place(pointer).split(":")
        begins = lines[int(line) - 1][int(column) - 1 :]
        dumped = json.dumps(part if key is None else key, ensure_ascii=ascii_only)
        if key is not None or not isinstance(part, (dict, list)):
            assert begins.startswith(dumped), (pointer, begins)
        else:
            assert begins[0] == ("{" if isinstance(part, dict) else "[")
        for name, inner in part.items() if isinstance(part, dict) else ():
            check(inner, pointer + "/" + name.replace("~", "~0").replace("/", "~1"), name)
        for index, inner in enumerate(part) if isinstance(part, list) else ():
            check(inner, f"{pointer}/{index}")

    check(value, "")
