"""The API without a network: a request in, its answer out.

Read `routes` (every method and path, from the catalogue), `requests` (a request taken apart),
`handlers` (who asks, for what, and the answer), `answers`, `limits` (the rate limit and its 429).
"""
