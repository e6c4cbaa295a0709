"""The console in a real browser. `make browser-test` runs these; `make test` doesn't."""
