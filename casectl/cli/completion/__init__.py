"""Completion in shells: what may stand where (`words`), the scripts made of it, and the answers to a key press."""
