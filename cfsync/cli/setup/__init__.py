"""The commands to set cfsync up and to try it: settings, schema, a check of everything, one raw API
call, the fake ClickFunnels and the demo. Each module holds one command or one group.
"""
