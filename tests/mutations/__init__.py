"""Breakages on purpose: for each promise one place where the code is made wrong, and the tests that
must notice. `make mutation-check` tries them; a test in tests/unit keeps the list from rotting.
"""

from tests.mutations import of_api, of_mirror, of_sync

BREAKAGES = (*of_api.BREAKAGES, *of_mirror.BREAKAGES, *of_sync.BREAKAGES)
