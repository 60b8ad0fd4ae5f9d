"""The stand-in of the Speech to text REST API, and of the Blob storage behind it.

A program of its own on the standard library alone, which knows nothing of csctl. It
keeps to the OpenAPI documents of v3.1, v3.2 and 2024-11-15, and where they say nothing
to what was seen of the service; what nobody knows is a knob (`REHEARSAL_REST_...`) or
marked as inferred. It keeps all its data in memory.
"""
