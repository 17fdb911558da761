"""template.yaml as an emulator without Docker can run it."""

import hashlib
import json
import re
from typing import Any

from infra.sam_template import parse_template

RUNTIME = "python3.13"
BINARY = "application/octet-stream"
SNAPSHOT_PROPERTIES = ("SnapStart", "AutoPublishAlias", "AutoPublishAliasAllProperties")
# What emulators do not check, or would check wrongly, because they speak HTTP without TLS.
UNCHECKED_RESOURCES = ("Boundary", "BucketPolicy", "Edge")
# Containers of AWS Batch would need Docker.
BATCH, BATCH_PREFIX = "Trainings", "REGATTA_BATCH_"
# LocalStack's Step Functions needs Java; where there is no state machine, the workers carry out the tasks.
STATE_MACHINE = ("TasksMachine", "TasksFunction")
# An emulator lets every function read the signing key, so nobody is asked for the public half of it.
PUBLIC_KEYS = "PublicKeys"
SIGNING_KEY = {"Fn::If": ["NeedsSecret", {"Ref": "SigningKey"}, {"Ref": "AWS::NoValue"}]}
VERIFYING_KEYS = {"Fn::If": ["HasVerifyingKeys", {"Ref": "VerifyingKeys"}, {"Ref": "AWS::NoValue"}]}
# The API's logical name where the template means the API.
API_NAME = re.compile(r"(?<=!Ref )Api\b|(?<=\$\{)Api(?=[.}])|(?<=\n  )Api(?=:\n)")


def emulator_template(text: str, package_bucket: str, package_key: str) -> dict[str, Any]:
    """Return the template of the YAML `text` with what emulators cannot run changed or left out.

    Functions of images become functions of the one package in S3, with the first `ImageConfig.Command` as handler.
    Left out are descriptions, because a template may have 51,200 bytes, policies and the authorizer, because no
    emulator checks them, the custom resource that finds out the public keys, versions of objects, which no lifecycle
    would remove, the metadata of builds, the properties of snapshots, because nothing would be restored, the routes
    of OPTIONS, the number of workers of a queue, which MiniStack takes for a text, rules of parameters, AWS
    Batch, and the state machine of tasks.
    """
    # LocalStack does not update an API, though it reports that it did, and removes its stage. So a changed API gets
    # another name, which makes it a new one.
    api = f"Api{_api_digest(parse_template(text))}"
    template: dict[str, Any] = parse_template(API_NAME.sub(api, text))
    # LocalStack ignores */*: it returns bytes for types that are listed, and their Base64 for all others.
    template["Resources"][api]["Properties"]["BinaryMediaTypes"].append(BINARY)
    # The functions of an emulator write their metrics where its servers do, if anywhere.
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    variables.pop("REGATTA_METRICS", None)
    variables |= {"REGATTA_SIGNING_KEY_SECRET": SIGNING_KEY, "REGATTA_VERIFYING_KEYS": VERIFYING_KEYS}
    template["Globals"]["Function"].pop("PermissionsBoundary")
    del template["Resources"][api]["Properties"]["Auth"]  # AuthorizeFunction has no alias here
    for name in (*UNCHECKED_RESOURCES, PUBLIC_KEYS, BATCH, *STATE_MACHINE):
        del template["Resources"][name]
    del template["Outputs"]["DomainTarget"], template["Outputs"]["TasksMachineArn"], template["Rules"]
    del template["Resources"]["Bucket"]["Properties"]["VersioningConfiguration"]
    for described in (*template["Parameters"].values(), *template["Outputs"].values()):
        described.pop("Description", None)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource.pop("Metadata", None)
            resource["Properties"] = _function_properties(resource["Properties"], package_bucket, package_key)
    return template


def _function_properties(properties: dict[str, Any], package_bucket: str, package_key: str) -> dict[str, Any]:
    """Return the properties of a function for emulators."""
    changed = {name: value for name, value in properties.items() if name not in (*SNAPSHOT_PROPERTIES, "Policies")}
    if changed.pop("PackageType", "Zip") == "Image":
        changed["Handler"] = changed.pop("ImageConfig")["Command"][0]
        changed["Runtime"] = RUNTIME
    variables = changed.get("Environment", {}).get("Variables", {})
    for name in [name for name in variables if name.startswith((BATCH_PREFIX, "REGATTA_STATE_MACHINE"))]:
        del variables[name]
    changed["CodeUri"] = {"Bucket": package_bucket, "Key": package_key}
    events = changed.get("Events", {}).items()
    changed["Events"] = {name: event for name, event in events if event["Properties"].get("Method") != "OPTIONS"}
    for event in changed["Events"].values():
        event["Properties"].pop("ScalingConfig", None)
    return changed


def _api_digest(template: dict[str, Any]) -> str:
    """Return eight hexadecimal digits that change with the API's properties and its routes."""
    resources = template["Resources"]
    routes = {name: resource.get("Properties", {}).get("Events") for name, resource in resources.items()}
    return hashlib.sha256(json.dumps([resources["Api"], routes], sort_keys=True).encode()).hexdigest()[:8]
