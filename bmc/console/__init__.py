"""The console: a serial line shared by many readers, and the screen's RFB stream. No sockets."""
