"""What the daemon shows of itself over HTTP, all of it from memory: liveness, readiness, freshness
and metrics. `vitals` is what is known, `app` the routes, `server` the listener.
"""
