"""The verbs, one file each; a module whose name begins with `_` is what several of them share and no verb."""
