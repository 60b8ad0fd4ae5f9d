"""csctl: lifecycle manager for custom speech to text containers."""

__version__ = "0.1.0"
