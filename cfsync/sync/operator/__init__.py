"""What a person asks for: a module for each command that inspects the mirror or settles something.

In: the mirror, the settings, and what the person chose. Out: data for the command line to print, or
a decision in the mirror that the next pass carries out.

The modules don't depend on each other and are named after their commands; `probes` holds the
assumptions about the API that `doctor` tests.
"""
