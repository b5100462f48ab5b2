"""The aiohttp application: sign-in, static page, console WebSockets, metrics; mounts the Redfish door."""
