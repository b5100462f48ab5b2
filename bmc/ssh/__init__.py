"""Door: serial consoles by SSH. One port for the whole service; the user name is the node."""
