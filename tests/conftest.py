"""What all tests share."""

from hypothesis import settings

# A time per example says how busy the machine is, and nothing of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
