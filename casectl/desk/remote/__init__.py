"""The desk on a server elsewhere: the exchange over HTTP, and the login that is kept for it.

The rest of `desk` imports these modules where the configuration names a server; none of them imports the store.
"""
