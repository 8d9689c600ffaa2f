"""The templates of cloudformation/, without an account: linted, scanned, created in moto."""
