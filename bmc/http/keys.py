"""What the application carries, by typed keys."""

from aiohttp import web

from bmc.http.metrics import Metrics
from bmc.http.proxies import Networks
from bmc.redfish.house import House

HOUSE = web.AppKey("house", House)
METRICS = web.AppKey("metrics", Metrics)
PROXIES = web.AppKey[Networks]("proxies")
