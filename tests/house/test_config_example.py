"""config.example.toml is made from the declared settings, and nothing in it is wrong."""

from __future__ import annotations

import re
from pathlib import Path

from casectl.config import SETTINGS, config_example, load

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


def test_the_example_regenerates_to_the_same_bytes():
    # Mend with: python -c 'from casectl.config import config_example as e; print(e(), end="")' > config.example.toml
    assert EXAMPLE.read_bytes() == config_example().encode()


def test_every_setting_is_in_it_with_its_variable():
    text = config_example()
    unwrapped = text.replace("\n# ", " ")
    assert max(map(len, text.splitlines())) <= 120
    for setting in SETTINGS:
        assert f"\n# {setting.key} = " in text
        assert setting.env in text
        assert setting.help in unwrapped


def test_uncommented_it_says_the_defaults(tmp_path):
    settings = config_example().partition("\n# A profile")[0]
    live = re.sub(r"(?m)^# (?=[a-z_]+ = (?!\"\.\.\.\"|\"postgresql:|\"https?:|\"/path))", "", settings)
    path = tmp_path / "config.toml"
    path.write_text(live)
    bare = {"HOME": str(tmp_path)}
    config = load({}, {**bare, "CASECTL_CONFIG": str(path)})
    assert [row[:2] for row in config.show()] == [row[:2] for row in load({}, bare).show()]
    assert config.value("database.prepare_threshold").origin.startswith(f"{path}:")
