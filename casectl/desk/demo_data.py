"""A believable desk made up from a seed: people, contacts, and cases with all that happened to them.

`desk.demo` writes it into a tenant; the words stand in casectl/examples/demo.toml. The same seed and time give the same
desk; the same seed at another time gives the same stories, moved.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from casectl import typed
from casectl.desk.demo_office import Office
from casectl.desk.demo_story import DemoStep, Story, Teller, sentence

if TYPE_CHECKING:
    from random import Random

ME = "@me"
"""Stands for the login of the person who asked for the demo."""

DAYS = 40.0
"""Working days, eight weeks, over which the cases are spread."""
CONTACTS = 160
_VIPS = 12
_TRASH = 67
"""Every so many cases one is rubbish and goes to the trash."""

_CHANNELS = {"incident": ("email", "email", "phone", "web", "cli"), "request": ("web", "web", "email", "cli"),
             "complaint": ("email", "phone", "web")}  # fmt: skip
_FRONT = {"incident": ("tom", "lena", ME, "ines", "paul"), "request": ("tom", "lena", ME, "paul"),
          "complaint": ("sofia", "ben")}  # fmt: skip
_DUE_DAYS = {1: 25.0, 2: 12.0, 3: 5.0, 4: 1.5}


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happens on a desk; the n-th title belongs to the n-th description and outcome."""

    kind: str
    team: str
    weights: list[int]
    titles: list[str]
    about: list[str]
    fixes: list[str]
    tags: list[str]
    fields: dict[str, Any] = {}


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """The word lists of examples/demo.toml."""

    first_names: list[str]
    last_names: list[str]
    spam: list[str]
    staff: dict[str, str]
    teams: dict[str, list[str]]
    slots: dict[str, list[str]]
    notes: dict[str, list[str]]
    scenarios: list[Scenario]


class DemoCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case as it was created, in its type's initial status, and its steps in order of time."""

    kind: str
    title: str
    description: str
    priority: int
    team: str
    contact: int
    tags: list[str]
    fields: dict[str, Any]
    due_at: datetime | None
    channel: str
    created_at: datetime
    created_by: str
    steps: list[DemoStep]


class DemoDesk(msgspec.Struct, frozen=True, kw_only=True):
    """All of it: `staff` by login, `teams` by name with the lead first, contacts as (address, name), cases by age."""

    staff: dict[str, str]
    teams: dict[str, list[str]]
    contacts: list[tuple[str, str]]
    cases: list[DemoCase]


def words() -> Words:
    """Read the word lists."""
    import tomllib
    from pathlib import Path

    path = Path(__file__).parents[1] / "examples" / "demo.toml"
    return typed.convert(tomllib.loads(path.read_text("utf-8")), Words)


def make_desk(cases: int, seed: int, now: datetime) -> DemoDesk:
    """A desk with so many cases, the newest close to `now` (aware; its zone is the office's)."""
    from random import Random

    told = words()
    random = Random(seed)  # noqa: S311 - it makes up stories, no secrets
    teams = {name: [*members, *([ME] if name == "Service Desk" else [])] for name, members in told.teams.items()}
    maker = _Maker(random, told, teams, Office(now.replace(microsecond=0)))
    contacts = _contacts(random, told)
    made = [maker.case(number) for number in range(cases)]
    return DemoDesk(
        staff=told.staff, teams=teams, contacts=contacts, cases=sorted(made, key=lambda case: case.created_at)
    )


def _contacts(random: Random, told: Words) -> list[tuple[str, str]]:
    people: dict[str, str] = {}
    while len(people) < CONTACTS:
        first, last = random.choice(told.first_names), random.choice(told.last_names)
        people[f"{_ascii(first)}.{_ascii(last)}@example.com"] = f"{first} {last}"
    return list(people.items())


def _ascii(name: str) -> str:
    import unicodedata

    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()


class _Maker:
    """Makes cases up, no title twice while the words last."""

    def __init__(self, random: Random, told: Words, teams: dict[str, list[str]], office: Office) -> None:
        self._random = random
        self._told = told
        self._office = office
        self._teller = Teller(random, told.notes, teams, office)
        self._titles: set[str] = set()

    def case(self, number: int) -> DemoCase:
        """The case `number`, counted from 0."""
        random = self._random
        scenario, index, slots = self._fresh()
        title, about = _fill(scenario.titles[index], slots), _fill(scenario.about[index], slots)
        priority = random.choices((1, 2, 3, 4), scenario.weights)[0]
        contact = int(random.random() ** 2 * CONTACTS)
        born = random.uniform(0.01, DAYS)
        is_rubbish = number % _TRASH == _TRASH - 1
        front = "Service Desk" if scenario.kind == "incident" and random.random() < 0.25 else scenario.team  # noqa: PLR2004
        creator = random.choice(_FRONT[scenario.kind])
        story = Story(kind=scenario.kind, priority=priority, front=front, team=scenario.team, creator=creator,
                      fix=_fill(scenario.fixes[index], slots), slots=slots, born=born)  # fmt: skip
        steps = self._teller.rubbish(story) if is_rubbish else self._teller.tell(story)
        monitored = "monitoring" in scenario.tags
        created_at = self._created(born, anytime=monitored or priority == 4)  # noqa: PLR2004 - critical
        return DemoCase(
            kind=scenario.kind,
            title=random.choice(self._told.spam) if is_rubbish else title,
            description="" if is_rubbish else about,
            priority=priority,
            team=front,
            contact=contact,
            tags=sorted({*scenario.tags, "vip" * (contact >= CONTACTS - _VIPS)} - {""}),
            fields=self._fields(scenario, slots, created_at),
            due_at=self._due(priority, born),
            channel="api" if monitored else random.choice(_CHANNELS[scenario.kind]),
            created_at=created_at,
            created_by=creator,
            steps=steps,
        )

    def _fresh(self) -> tuple[Scenario, int, dict[str, str]]:
        """A scenario with its slots whose title has not been told yet, as long as there is one to be found."""
        for _ in range(25):
            scenario = self._random.choice(self._told.scenarios)
            index = self._random.randrange(len(scenario.titles))
            slots = {name: self._random.choice(values) for name, values in self._told.slots.items()}
            title = scenario.titles[index].format_map(slots)
            if title not in self._titles:
                break
        self._titles.add(title)
        return scenario, index, slots

    def _created(self, born: float, *, anytime: bool) -> datetime:
        """In working time; machines and emergencies do not wait for it."""
        moment = self._office.at(born)
        early = self._random.uniform(0, 10)
        return moment - timedelta(seconds=round(early * 3600)) if anytime and self._random.random() < 0.5 else moment  # noqa: PLR2004

    def _fields(self, scenario: Scenario, slots: dict[str, str], created_at: datetime) -> dict[str, Any]:
        fields = {
            name: _fill(value, slots) if isinstance(value, str) and "{" in value else value
            for name, value in scenario.fields.items()
        }
        if scenario.kind == "incident":
            fields["location"] = slots["site"]
            if "outage" in scenario.tags:
                fields["users_affected"] = int(slots["n"]) * 5
        if scenario.kind == "complaint":
            fields |= {"received_on": created_at.date().isoformat(), "order_number": slots["order"]}
        return fields

    def _due(self, priority: int, born: float) -> datetime | None:
        if self._random.random() > 0.35 + 0.15 * priority:
            return None
        return self._office.at(born - _DUE_DAYS[priority] * self._random.uniform(0.6, 1.4)).replace(minute=0, second=0)


def _fill(template: str, slots: dict[str, str]) -> str:
    return sentence(template.format_map(slots))
