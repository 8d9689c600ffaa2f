"""Figures of speed, each as a ratio to a peer in the same run."""
