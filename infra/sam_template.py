"""A template of AWS SAM as Python sees it: CloudFormation's short tags are the dictionaries that they stand for."""

from typing import Any

import yaml  # type: ignore[import-untyped]
from samtranslator.yaml_helper import intrinsics_multi_constructor


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The safe loader in C, which takes a tenth of the time; in Python where PyYAML was built without it."""


_Loader.add_multi_constructor("!", intrinsics_multi_constructor)


def parse_template(text: str) -> dict[str, Any]:
    """Parse a template; raises `yaml.YAMLError` for what is no YAML."""
    parsed: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506 - a subclass of the safe loader
    return parsed
