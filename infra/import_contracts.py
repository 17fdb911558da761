"""The import contract about light functions, for import-linter. The light functions are the zips of template.yaml."""

from pathlib import Path
from typing import Any

from importlinter.contracts.forbidden import ForbiddenContract

from infra.sam_template import parse_template

TEMPLATE = Path(__file__).resolve().parent.parent / "template.yaml"


def light_functions(template: Path = TEMPLATE) -> list[str]:
    """Return the packages of the functions that are zips and not container images, because these have to start fast."""
    resources = parse_template(template.read_text(encoding="utf-8"))["Resources"].values()
    functions = [r["Properties"] for r in resources if r["Type"] == "AWS::Serverless::Function"]
    handlers = [properties["Handler"] for properties in functions if properties.get("PackageType") != "Image"]
    return sorted(handler.removesuffix(".handler.handler") for handler in handlers)


class LightFunctionsContract(ForbiddenContract):
    """A `forbidden` contract whose source modules are the light functions, so that no list of them is kept by hand."""

    type_name = "light_functions"

    def __init__(self, name: str, session_options: dict[str, Any], contract_options: dict[str, Any]) -> None:
        super().__init__(name, session_options, contract_options | {"source_modules": light_functions()})
