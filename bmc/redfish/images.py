"""OEM: the catalogue of images that Reinstall can put on a node."""

from bmc.redfish.oem import LightsoutImage
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.service_root import IMAGES
from bmc.redfish.types import JsonObject, collection, links, resource
from bmc.reinstall.images import Image


async def list_images(call: Call) -> Reply:
    paths = [f"{IMAGES}/{image.name}" for image in call.house.catalogue.list()]
    return Reply(collection(IMAGES, "LightsoutImageCollection", "Images", links(paths)))


async def get_image(call: Call) -> Reply:
    return Reply(_body(call.house.catalogue.get(call.params["image"])))


def _body(image: Image) -> JsonObject:
    return resource(
        f"{IMAGES}/{image.name}",
        "LightsoutImage",
        Id=image.name,
        Name=image.title,
        Description=image.description,
        **LightsoutImage(
            SizeBytes=image.size,
            SHA256=image.sha256,
            Firmware=sorted(mode.value for mode in image.firmware),
            Seed=image.seed,
            Proofs=sorted(image.proofs),
        ),
    )


ROUTES = (
    Route("GET", IMAGES, list_images),
    Route("GET", f"{IMAGES}/{{image}}", get_image),
)
