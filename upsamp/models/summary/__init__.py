"""Summaries of models as data: rows, columns, what is measured, and what differs."""
