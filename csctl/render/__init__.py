"""Documents with which other engines run a profile's container. Pure.

What the container needs comes out of `csctl.plan.serving` and `csctl.contract`, so that
no engine is told anything else than Docker is.
"""
