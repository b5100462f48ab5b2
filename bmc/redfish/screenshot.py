"""What a System's screen shows now, as a picture."""

from aiohttp import web

from bmc.model.commands import TakeScreenshot
from bmc.redfish.errors import not_found
from bmc.redfish.router import Call, Route
from bmc.redfish.system_body import SYSTEMS

PNG = "image/png"


async def get_screenshot(call: Call) -> web.Response:
    node = call.node()
    if not node.snapshot.has_screen:
        raise not_found(call.path)
    picture = await node.do(TakeScreenshot(), call.caller)
    headers = {"OData-Version": "4.0", "Cache-Control": "no-store"}
    return web.Response(body=picture, content_type=PNG, headers=headers)


ROUTES = (Route("GET", f"{SYSTEMS}/{{node}}/Oem/Lightsout/Screenshot", get_screenshot, media=(PNG,)),)
