"""The part of local-processing that runs in an interpreter of the user's.

It is compiled and run there, from its text, and keeps to what Python 3.8
understands. The built-in interpreter knows nothing of it: what C does there
(launcher/rules, launcher/python, launcher/process/interpreter.c) is done here
in Python, in the same terms.

start.py
    reads what the program hands over, and finds modules in it
server.py
    the rule server: limits itself, imports the files of rules, forks
compute.py, answers.py, results.py
    an interpreter process: computes tasks, and writes answers
series.py, values.py, units.py
    what rules see, which is the module `_local_processing` here
"""
