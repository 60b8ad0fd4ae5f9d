"""The Speech to text REST API."""
