"""What is in a file of this machine, found out here: no service need run, and nothing is stored."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infra.cli.progress import progress_bar
from infra.cli.service import CommandError

if TYPE_CHECKING:
    from core.manifests import DatasetManifest
    from core.types import Json
    from infra.cli.output import Output


@dataclass(frozen=True)
class DescribedFile:
    """The manifest that a file would have as a dataset, and its profile."""

    manifest: "DatasetManifest"
    profile: "Json"


def describe(path: str, target: str | None, output: "Output") -> DescribedFile:
    """Read a file as an upload is read and profile it, with the relations to `target` if there is one.

    Raises the errors of an upload, and `CommandError` for a target that is no number.
    """
    with progress_bar(output, "loading") as report_progress:
        from core.profiling.target_relations import target_relations
        from core.services.datasets.profiles import joined
        from core.services.processing.described_file import described_file

        with described_file(Path(path), lambda stage, share, *_: report_progress(stage, share)) as (
            manifest,
            table,
            profile,
        ):
            if target is None:
                return DescribedFile(manifest, joined(profile, None))
            _check_target(manifest, target)
            report_progress("relations to the target", 0.9)
            relations = target_relations(table, target)
    recipe = manifest.recipe.model_copy(update={"target_column": target})
    return DescribedFile(manifest.model_copy(update={"recipe": recipe}), joined(profile, relations))


def _check_target(manifest: "DatasetManifest", target: str) -> None:
    types = {column.name: column.type for column in manifest.columns}
    if target not in types:
        raise CommandError(f"There is no column {target!r}. The file has {', '.join(map(repr, types))}.")
    if types[target] not in ("integer", "number", "boolean"):
        raise CommandError(f"The target {target!r} is of type {types[target]}, and has to be numbers.")
