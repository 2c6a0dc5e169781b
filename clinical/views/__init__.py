"""Thin views: fetch, one action, render. A file per noun."""
