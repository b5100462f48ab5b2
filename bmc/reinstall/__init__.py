"""Reinstall: image catalogue, deploy ramdisk and medium, and the job that uses them."""
