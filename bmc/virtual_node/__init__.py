"""The QEMU backend: one virtual node is one QEMU process that outlives the service; off is no process."""
