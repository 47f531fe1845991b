"""What only a server needs of the desk: its pool of connections, who comes in by a token, what runs beside answers.

`casectl.api` imports these modules; the shell never does.
"""
