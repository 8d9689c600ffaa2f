"""Local stand-ins for AWS, Kubernetes and the CodeDeploy agent; never in a bundle."""
