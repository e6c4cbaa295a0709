"""What can go wrong: with an answer of the API, or on a webhook's way to its endpoint.

In comes a request that a `Fault` matches, out goes a `Reply`: another answer, a spoilt or a late
one, or none.

Read `fault` (which requests are hit), `exchange` (what a fault works on), `answer_kinds`,
`list_kinds` and `result_kinds` (what each kind does), `kinds` (all of them by name), and by itself
`courier` (delivers webhooks, badly where a test wants that).
"""
