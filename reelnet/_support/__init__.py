"""Helpers without a domain: byte sizes, atomic files, an ordered thread pool."""
