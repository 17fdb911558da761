"""What the role of each function may do: the one table behind the policies in template.yaml.

`python -m infra.privileges` writes the policies anew. `tests/unit/infra/test_privileges.py` checks them cell by cell,
and that they allow what the functions really ask for while the whole job runs.
"""

import re
import sys
from collections.abc import Iterator

from infra.paths import ROOT

TEMPLATE = ROOT / "template.yaml"
BUCKET = "arn:${AWS::Partition}:s3:::${BucketName}"

# Below a workspace. The pattern of IAM cannot say "one part of a key", so */jobs/* also matches below other prefixes.
OF_WORKSPACE = ("datasets", "index", "jobs", "tasks", "models", "artifacts", "series", "parts")
# At the top of the bucket. What a role has no right to there is denied, because the patterns above may match it.
SHARED = (
    *("unfinished", "queue", "uploads", "incoming", "exports"),
    *("access/keys", "access/used", "access/quotas", "access/webhooks"),
)

# What a letter of the table means. To read is also to list: only to who may list it says S3 that a key is missing.
LIST = "s3:ListBucket"
ACTIONS = {
    "r": ("s3:GetObject",),
    "w": ("s3:PutObject", "s3:AbortMultipartUpload"),
    "d": ("s3:DeleteObject",),
    "p": ("s3:ListMultipartUploadParts",),
    "a": ("s3:AbortMultipartUpload",),
    "l": (),  # lists without reading
}

# What most functions look at: the lists, and what their caller may use up.
_LISTS = {"index": "rwd", "access/quotas": "r"}
# Single objects: two of all workspaces, and the one that makes a workspace exist.
REVISION, SINCE, WORKSPACE = "access/revision", "access/authentic-since", "workspace"
_SUBMITS = {"jobs": "rwd", "queue": "rw"}
_PREDICTS = {"datasets": "r", "models": "r", "artifacts": "r", **_LISTS}
_CHANGES_MODELS = {"models": "rwd", "artifacts": "rwd", "unfinished": "rwd"}

# Function -> prefix -> rights.
OBJECTS: dict[str, dict[str, str]] = {
    "verifying": {},
    "authorize": {"access/keys": "r", REVISION: "r", "access/used": "w"},
    "system": {"jobs": "r", "queue": "r", "access/quotas": "r"},
    "data": {"datasets": "rwd", "uploads": "rwdp", **_LISTS},
    "models": {"datasets": "r", "series": "r", **_CHANGES_MODELS, **_LISTS},
    "predict": {**_PREDICTS, **_SUBMITS, "exports": "rw"},
    "inference": {**_PREDICTS, "queue": "r"},
    "export": {**_PREDICTS, **_SUBMITS, "exports": "rw"},
    "upload": {"datasets": "rwd", "uploads": "l", **_SUBMITS, **_LISTS},
    # A ticket without a code is compared with the time since when there are codes.
    "ingest": {"datasets": "rwd", "uploads": "rwd", SINCE: "rw", **_LISTS},
    "process": {"datasets": "rwd", "exports": "rw", **_LISTS},
    "jobs": {"datasets": "r", "models": "r", "artifacts": "r", "exports": "rw", **_SUBMITS, **_LISTS},
    # Reads below incoming/ and never writes there, which would call it again.
    "retrain": {"incoming": "r", "series": "r", **_SUBMITS},
    # A presigned form has the rights of its signer.
    "series": {
        **{"series": "rw", "incoming": "rw", "uploads": "l", "models": "r", WORKSPACE: "w"},
        **_SUBMITS,
        **_LISTS,
    },
    "janitor": {
        **{"datasets": "rdap", "jobs": "rwd", "models": "rwdp", "artifacts": "ldap", "series": "r", **_LISTS},
        **{"uploads": "rdap", "exports": "ldap", "queue": "ld", "incoming": "lap", "tasks": "ld"},
    },
    "reconcile": {"incoming": "r", "series": "r", **_CHANGES_MODELS, **_SUBMITS, "queue": "rwd", SINCE: "rw", **_LISTS},
    "worker": {
        **{"datasets": "rwd", "series": "rw", "incoming": "r", "exports": "rw", "access/webhooks": "r"},
        **{"jobs": "rwd", "tasks": "rwd", "queue": "rwd", "parts": "r", SINCE: "rw"},
        **_CHANGES_MODELS,
        **_LISTS,
    },
    # What a task has made belongs to its job; the last one gives the job back to the queue.
    "tasks": {**_PREDICTS, **_SUBMITS, "tasks": "rwd", "parts": "r", SINCE: "rw"},
    "train": {"datasets": "r", **_CHANGES_MODELS, **_SUBMITS, **_LISTS},
}

# The janitor finds the workspaces by a listing of the bucket's first level, and uploads that nobody finished.
LISTS_ROOT = frozenset({"janitor"})
# Who asks whether there is a workspace, or how many bytes it has, lists all that is below {workspace}/.
LISTS_WORKSPACE = frozenset({"data", "upload", "retrain", "series", "reconcile"})
# A pattern of IAM for one part of a key would be "any text and a slash", and that is also the folder of the keys.
BELOW_WORKSPACE, FOLDER_OF_KEYS = "*/", "access/"
# Who reads the secret that signs models. All others have the public keys, which `verifying` finds out.
SIGNERS = frozenset({"models", "reconcile", "train", "worker", "verifying"})

_SENDS = ("sqs:SendMessage", "JobsQueue")
# Function -> (action, resource of the template) beside the bucket.
OTHERS: dict[str, tuple[tuple[str, str], ...]] = {
    "system": (("sqs:GetQueueAttributes", "JobsQueue"), ("sqs:GetQueueAttributes", "JobsDeadLetters")),
    **dict.fromkeys(("predict", "export", "upload", "jobs", "retrain", "series", "tasks", "train"), (_SENDS,)),
    "reconcile": (_SENDS, ("sqs:GetQueueAttributes", "JobsQueue")),
    "worker": (("sqs:ChangeMessageVisibility", "JobsQueue"), _SENDS),  # sends the tasks of divided jobs
}
# Who gives trainings to AWS Batch, where the parameter Batch says so. A list names no resource.
_BATCH = "arn:${AWS::Partition}:batch:${AWS::Region}:${AWS::AccountId}"
_SUBMITS_BATCH = (
    ("batch:SubmitJob", f"{_BATCH}:job-queue/${{AWS::StackName}}-jobs"),
    ("batch:SubmitJob", f"{_BATCH}:job-definition/${{AWS::StackName}}-jobs*"),
    ("batch:ListJobs", "*"),
)
BATCH: dict[str, tuple[tuple[str, str], ...]] = {
    **dict.fromkeys(("reconcile", "retrain", "series", "train", "worker"), _SUBMITS_BATCH),
    "jobs": (*_SUBMITS_BATCH, ("batch:TerminateJob", f"{_BATCH}:job/*")),
}
# Who starts and stops the executions of the state machine of tasks, where the parameter StateMachine says so.
_EXECUTIONS = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:execution:${AWS::StackName}-tasks:*"
STATES: dict[str, tuple[tuple[str, str], ...]] = {
    "worker": (("states:StartExecution", "TasksMachine"), ("states:DescribeExecution", _EXECUTIONS)),
    "jobs": (("states:DescribeExecution", _EXECUTIONS), ("states:StopExecution", _EXECUTIONS)),
}
# Condition of the template -> function -> what it may do then.
CONDITIONAL = {"HasBatch": BATCH, "HasStateMachine": STATES}
# Whose decisions are published, where the parameter names a topic.
PUBLISHES = frozenset({"worker"})


def pattern(prefix: str) -> str:
    """Return the pattern of IAM for the keys below a prefix."""
    if prefix in (REVISION, SINCE):
        return prefix
    if prefix == WORKSPACE:
        return "*/workspace.json"
    return f"*/{prefix}/*" if prefix in OF_WORKSPACE else f"{prefix}/*"


def granted(function: str, prefix: str) -> tuple[str, ...]:
    """Return the actions on objects that a function may take below a prefix."""
    return tuple(action for letter in OBJECTS[function].get(prefix, "") for action in ACTIONS[letter])


def write_policies(text: str) -> str:
    """Return the text of a template with the policies of every function written anew."""
    written: set[str] = set()

    def one(match: re.Match[str]) -> str:
        lines = "".join(f"        {line}\n" for line in _policy(match["name"], written))
        return f"{match['head']}      Policies: # by infra/privileges.py\n{lines}"

    # Up to the events of the function, or to its end.
    block = r"(?P<head>      FunctionName: !Sub \$\{AWS::StackName\}-(?P<name>\w+)\n(?:(?!^  \w).*\n)*?)"
    old = r"      Policies:.*\n(?:        .*\n)*"
    return re.sub(block + old, one, text, flags=re.MULTILINE)


def _policy(function: str, written: set[str]) -> Iterator[str]:
    """Yield the lines of the policy of a function; a resource has an anchor where it is `written` first."""
    rights = OBJECTS[function]
    yield "- Statement:"
    for letter, actions in ACTIONS.items():
        prefixes = [prefix for prefix, letters in rights.items() if letter in letters]
        if prefixes and actions:
            yield "    - Effect: Allow"
            yield f"      Action: {_flow(actions)}"
            yield from _resources(prefixes, written)
    lists = [pattern(prefix) for prefix, letters in rights.items() if set("rl") & set(letters)]
    lists += [BELOW_WORKSPACE] * (function in LISTS_WORKSPACE) + [""] * (function in LISTS_ROOT)
    if lists:
        yield from _listing("Allow", lists, written)
    if set(rights) & set(OF_WORKSPACE):  # whose patterns may match below other prefixes
        yield from _denials(rights, function, written)
    for action, resource in OTHERS.get(function, ()):
        yield f"    - {{ Effect: Allow, Action: {action}, Resource: {_resource(resource)} }}"
    if function in LISTS_ROOT:
        bucket = _named("bucket", "", written)
        yield f"    - {{ Effect: Allow, Action: s3:ListBucketMultipartUploads, Resource: {bucket} }}"
    for condition, rights_then in CONDITIONAL.items():
        for action, resource in rights_then.get(function, ()):
            yield "    - !If"
            yield f"      - {condition}"
            yield f"      - {{ Effect: Allow, Action: {action}, Resource: {_resource(resource)} }}"
            yield "      - !Ref AWS::NoValue"
    if function in PUBLISHES:
        yield "    - !If"
        yield "      - HasDecisionsTopic"
        yield "      - { Effect: Allow, Action: sns:Publish, Resource: !Ref DecisionsTopicArn }"
        yield "      - !Ref AWS::NoValue"
    yield "    - !If"
    yield "      - HasKmsKey"
    yield "      - { Effect: Allow, Action: [kms:Decrypt, kms:GenerateDataKey], Resource: !Ref KmsKeyArn }"
    yield "      - !Ref AWS::NoValue"
    if function in SIGNERS:
        yield "    - !If"
        yield "      - NeedsSecret"
        yield "      - { Effect: Allow, Action: secretsmanager:GetSecretValue, Resource: !Ref SigningKey }"
        yield "      - !Ref AWS::NoValue"


def _resource(name: str) -> str:
    """Return how a policy names a resource: an ARN as it is, another name as that of a resource of the template."""
    if name == "*":
        return '"*"'
    return f'!Sub "{name}"' if name.startswith("arn:") else f"!GetAtt {name}.Arn"


def _denials(rights: dict[str, str], function: str, written: set[str]) -> Iterator[str]:
    """Yield the statements that deny what a role has no right to below the shared prefixes."""
    denied = [prefix for prefix in SHARED if prefix not in rights]
    yield "    - Effect: Deny"
    yield '      Action: "s3:*"'
    yield from _resources(denied, written)
    unlisted = [pattern(prefix) for prefix in SHARED if not set("rl") & set(rights.get(prefix, ""))]
    yield from _listing("Deny", [*unlisted, *[FOLDER_OF_KEYS] * (function in LISTS_WORKSPACE)], written)
    for prefix in (prefix for prefix in SHARED if prefix in rights):
        yield "    - Effect: Deny"
        yield f"      NotAction: {_flow(granted(function, prefix))}"
        yield from _resources([prefix], written)


def _listing(effect: str, patterns: list[str], written: set[str]) -> Iterator[str]:
    yield f"    - Effect: {effect}"
    yield f"      Action: {LIST}"
    yield f"      Resource: {_named('bucket', '', written)}"
    yield f"      Condition: {{ StringLike: {{ s3:prefix: {_flow(patterns, quoted=True)} }} }}"


def _resources(prefixes: list[str], written: set[str]) -> Iterator[str]:
    """Yield the lines of the resources; those that are not `written` yet on lines of their own."""
    known = [_named(prefix, "", written) for prefix in prefixes if prefix in written]
    new = [prefix for prefix in prefixes if prefix not in written]
    if not new:
        yield f"      Resource: {_flow(known)}"
        return
    yield "      Resource:"
    for item in (*known, *(_named(prefix, f"/{pattern(prefix)}", written) for prefix in new)):
        yield f"        - {item}"


def _named(name: str, below: str, written: set[str]) -> str:
    """Return the alias of a resource, or the resource with its anchor where it is written first."""
    anchor = name.replace("/", "-")
    if name in written:
        return f"*{anchor}"
    written.add(name)
    return f"&{anchor} !Sub {BUCKET}{below}"


def _flow(items: tuple[str, ...] | list[str], *, quoted: bool = False) -> str:
    texts = [f'"{item}"' if quoted else item for item in items]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


if __name__ == "__main__":
    written_anew = write_policies(TEMPLATE.read_text())
    if "--check" in sys.argv:
        sys.exit(written_anew != TEMPLATE.read_text())
    TEMPLATE.write_text(written_anew)
