"""What CodeBuild does besides lint and tests: the image, its scan, the bundle; see buildspec.yml.

`python -m pipeline image|scan|bundle`, in a checkout. Each command asks git which commit it is, and
ECR what it has of it: none hands anything to the next. Never in a bundle.
"""
