"""`bmc assignment …`: what people are asked to do at servers, and their answers."""

from typing import Annotated

import typer

from bmc.cli.client import Client
from bmc.cli.output import Json, document, table

MANAGER = "/redfish/v1/Managers/Lightsout"

Id = Annotated[str, typer.Argument(metavar="ID", help="its id in `bmc assignment list`")]

app = typer.Typer(no_args_is_help=True, help="What people are asked to do at servers, and their answers.")


@app.command("list")
def list_assignments(as_json: Json = False) -> None:
    """What waits for an answer, oldest first."""
    found = Client().get(MANAGER)["Oem"]["Lightsout"]["Assignments"]
    if as_json:
        document(found)
        return
    rows = [(each["Id"], each["Node"], each["Deadline"], each["Text"]) for each in found]
    table(("id", "node", "until", "what"), rows)


@app.command()
def done(id: Id) -> None:
    """Say that it is done."""
    _answer(id, "Done")
    print(f"{id}: done; the senses will tell")


@app.command("could-not")
def could_not(id: Id) -> None:
    """Say that it could not be done."""
    _answer(id, "CouldNot")
    print(f"{id}: could not be done")


def _answer(id: str, answer: str) -> None:
    Client().post(f"{MANAGER}/Actions/Oem/Lightsout.AnswerAssignment", {"Id": id, "Answer": answer})
