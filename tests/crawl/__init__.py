"""Crawlers against real databases."""
