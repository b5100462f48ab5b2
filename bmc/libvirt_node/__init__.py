"""Backend: a domain of libvirt that was there before us and stays when its node is removed."""
