"""Least privilege, proved: what is granted is used, and what is used is needed."""
