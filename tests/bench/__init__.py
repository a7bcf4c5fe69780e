"""Benches: what a release costs, measured against the tools that people would use instead."""
