"""The commands, one module each: what each does, in order, and which adapters it uses."""
