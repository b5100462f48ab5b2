"""The images that can be written to a disk: which there are, how they are packed, and how one is added."""
