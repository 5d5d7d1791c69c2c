"""Stands in for CPython's interactive console, which needs curses: the plain one.

CPython imports it by this name when `local-processing python` is started on a
terminal, and ``help()`` for its pager.
"""
