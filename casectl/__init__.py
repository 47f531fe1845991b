"""casectl: a case desk for operators, in the terminal, over Postgres.

The architecture in one breath: nouns in `model`, law in `rules`, verbs in `operations`, Postgres in `store`,
`Desk.perform(operation)` in `desk`, and fronts (`cli`) that know only desks and verbs.
"""

__version__ = "0.1.0"
