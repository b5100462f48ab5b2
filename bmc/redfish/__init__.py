"""The Redfish door: one file per resource family, each a table of routes and their handlers."""
