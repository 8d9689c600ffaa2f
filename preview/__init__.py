"""The site on this machine, for people who develop it: `make preview`. Standard library only."""
