"""The jobs by the ramdisk, the deploy ramdisk and medium, seeds, and the builder of images."""
