"""Serves a `World` over HTTP.

In comes a request from the network, out goes a response, a cut connection or a slow one. Requests
below `/_sandbox/` control the world itself, for tests in another process.

Read `server` (aiohttp, start and stop), `dispatch` (rate limit, faults, answer, counters), then
`control`.
"""
