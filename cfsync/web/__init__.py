"""What the daemon shows of itself over HTTP, all of it from memory: liveness, readiness, freshness
and metrics; and the receiver of webhooks. `vitals` is what is known, `app` the routes, `server` the
listener, `signature` says whether a delivery is genuine.
"""
