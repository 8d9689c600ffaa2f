"""Deploys WordPress to Kubernetes from AWS CodeDeploy."""

__version__ = "0.1.0"
