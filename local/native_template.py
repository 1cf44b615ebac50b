"""The SAM template as the plain CloudFormation that AWS makes of it.

    python -m local.native_template [template.yaml] > native.json

cfn-lint finds more in it than in the SAM form, where a queue's visibility time-out and its
function's time-out, for one, are not yet joined by an event source mapping. Nothing is asked of
AWS: the transformation is the library that AWS publishes (aws-sam-translator).
"""

import copy
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from samtranslator.model.exceptions import (  # type: ignore[import-untyped] # ships no types
    InvalidDocumentException,
)
from samtranslator.parser.parser import Parser  # type: ignore[import-untyped] # ships no types
from samtranslator.translator.arn_generator import (  # type: ignore[import-untyped] # ships no types
    ArnGenerator,
)
from samtranslator.translator.translator import (  # type: ignore[import-untyped] # ships no types
    Translator,
)
from samtranslator.utils.py27hash_fix import (  # type: ignore[import-untyped] # ships no types
    to_py27_compatible_template,
    undo_mark_unicode_str_in_template,
)

from local.emulator import REGION
from local.emulator_clients import isolated_session
from local.installer import ROOT

# Stands for the artifacts, which only a deployment uploads.
ARTIFACT = "s3://artifacts/key"
CODE_KEYS = ("CodeUri", "ContentUri")


class TemplateError(Exception):
    """The template is no valid SAM; the message lists what is wrong in it."""


class CloudFormationLoader(yaml.SafeLoader):
    """YAML with the short form of the intrinsic functions: ``!Ref``, ``!GetAtt``, ``!Sub``…"""


def intrinsic(loader: CloudFormationLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    """Write ``!Name value`` out as ``{"Fn::Name": value}``."""
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = str(value).split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


CloudFormationLoader.add_multi_constructor("!", intrinsic)


def load(text: str) -> dict[str, Any]:
    """Read a template's YAML with every intrinsic function in its long form."""
    # A SafeLoader with one constructor more: it makes no objects.
    template: dict[str, Any] = yaml.load(text, CloudFormationLoader)  # noqa: S506
    return template


def native(
    template: Mapping[str, Any], parameters: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Transform a loaded SAM template; parameters left out take their defaults.

    Raises TemplateError.
    """
    # The YAML's anchors share nodes, and the translator edits in place: json gives each its own.
    sam = json.loads(json.dumps(copy.deepcopy(dict(template)), default=str))
    for properties in code_holders(sam):
        for key in CODE_KEYS:
            if isinstance(properties.get(key), str):
                properties[key] = ARTIFACT
    values = {
        name: declared["Default"]
        for name, declared in sam.get("Parameters", {}).items()
        if "Default" in declared
    }
    values |= dict(parameters or {})
    # Generated names hash the template the way AWS's own service does it.
    to_py27_compatible_template(sam, values)
    session = isolated_session()
    ArnGenerator.BOTO_SESSION_REGION_NAME = REGION
    try:
        # Policies named without an ARN would be looked up in an account; here there is none.
        translated = Translator({}, Parser(), boto_session=session).translate(sam, values)
    except InvalidDocumentException as error:
        causes = "; ".join(cause.message for cause in error.causes)
        raise TemplateError(f"the template is not valid SAM: {causes or error.message}") from error
    result: dict[str, Any] = undo_mark_unicode_str_in_template(translated)
    return result


def expand(
    path: Path = ROOT / "template.yaml", parameters: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The native form of a template file, the project's by default; raises TemplateError."""
    return native(load(path.read_text()), parameters)


def code_holders(sam: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every mapping that may name a folder with code: resources, and the functions' defaults."""
    resources = sam.get("Resources", {}).values()
    holders = [resource.setdefault("Properties", {}) for resource in resources]
    defaults = sam.get("Globals", {}).get("Function")
    return [*holders, defaults] if defaults else holders


def main(arguments: Sequence[str]) -> int:
    """Print the native template as JSON."""
    # It warns of a feature list that only AWS's own service has.
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    path = Path(arguments[0]) if arguments else ROOT / "template.yaml"
    try:
        print(json.dumps(expand(path), indent=1))
    except (TemplateError, OSError) as error:
        print(f"error: {path}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
