"""The jobs by the ramdisk, over the image directory and the ways of a test."""

from bmc.http.deploy import DeployServer
from bmc.images.catalogue import Catalogue
from bmc.jobs import Recipe
from bmc.reinstall.erase import Erase
from bmc.reinstall.inspect import Inspect
from bmc.reinstall.job import Reinstall
from bmc.reinstall.rescue import Rescue
from bmc.reinstall.turns import Turns
from bmc.reinstall.ways import Way
from tests.world import World


def recipes(
    world: World, catalogue: Catalogue, *ways: Way, door: DeployServer | None = None, turns: Turns | None = None
) -> list[Recipe]:
    """All that the ramdisk does, as the service has it."""
    door, turns = door or DeployServer(), turns or Turns(1)
    return [
        Reinstall(world.events, catalogue, ways, door, turns).recipe(),
        Rescue(world.events, ways, door, turns).recipe(),
        Erase(world.events, world.audit, ways, door, turns).recipe(),
        Inspect(world.events, ways, door, turns).recipe(),
    ]
