"""Nouns: frozen msgspec structs without I/O, one type per noun from the Postgres row to the JSON on the screen."""
