"""Notices: the daemon tells people when something needs them, by webhook, e-mail or a program.

    rules      what needs a person, from the daemon's health. Pure
    timing     which of it is to be told now: what lasts, once a day, not again while it comes and
               goes. Pure
    channels   sends a text
    notifier   the periodic task that joins them

A notice holds counts and names of resources, never a person's data.
"""
