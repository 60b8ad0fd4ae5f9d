"""The stand-in: a program that behaves as the speech container does.

It runs inside the rehearsal image, on the standard library alone (what really hears
there is a C library), and knows nothing of csctl. What it keeps to are the facts on the
real container; what nobody knows of that one is a knob (`REHEARSAL_...`) or marked as
inferred. Start-up time is why its records are named tuples: `dataclasses` alone would
cost a third of it.
"""
