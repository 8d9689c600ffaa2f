"""The commands, one module each, and the connection that they share."""
