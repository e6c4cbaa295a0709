"""The web side of the daemon: serves health and metrics, and receives webhooks.

In come HTTP requests and the daemon's `Health`; out go answers, all from memory, and the hints of
webhooks to a store. Read `daemon_health` (what is known of the daemon, and what follows from it),
`app` (the routes), `metrics` (for Prometheus), `receiver` with `signature` (webhooks), and `server`
with `connection` (the HTTP server).
"""
