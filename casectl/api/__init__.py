"""The REST server: routes from the verbs, requests read into verbs, results and refusals written as HTTP.

A front beside `cli`, above `desk`: it imports no store and no driver. `app.make_app` is what a server runs.
"""
