"""A word that may stand where somebody is typing. Anyone above `model` may import it."""

from __future__ import annotations

from casectl.model.case import Noun


class Suggestion(Noun, frozen=True, kw_only=True):
    """A word and what it means: the title of a case, the name of a user."""

    text: str
    help: str = ""
