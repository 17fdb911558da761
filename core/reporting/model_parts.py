"""What a model is made of: the importance of its columns, its parameters, and the members of an ensemble."""

from collections.abc import Sequence
from typing import Any

from core.model_manifest import EnsembleMember, ModelManifest
from core.reporting.distributions import value_bars
from core.reporting.formatting import count, score, short_number
from core.reporting.html import Content, Markup, Named, definition_list, element, folded, isolated
from core.reporting.names import names_of_bars, regressor
from core.reporting.svg import bar
from core.reporting.words import say
from core.shares import share

# Columns of little importance, and members of little weight, are folded.
SHOWN, MEMBERS_SHOWN = 15, 4


def importance_section(manifest: ModelManifest) -> Markup | None:
    """Draw how much R2 falls when each column is shuffled; None where it was not worked out."""
    found = sorted(manifest.importance, key=lambda one: -one.mean)
    if not found:
        return None
    largest = max(found[0].mean, 0.0) or 1.0
    names, alike = names_of_bars([one.feature for one in found])
    lines: list[tuple[Content, Content, str, str | None]] = [
        (
            name,
            bar(max(one.mean, 0.0) / largest),
            f"{score(one.mean)} ± {score(one.std)}",
            None,
        )
        for name, one in zip(names, found, strict=True)
    ]
    rest = lines[SHOWN:]
    less = say("importance.less", n=count(len(rest)))
    return element(
        "section",
        element("h2", say("sections.importance")),
        element("p", say("importance.note"), class_="note"),
        value_bars(lines[:SHOWN], alike or "wide"),
        folded(less, value_bars(rest, alike or "wide")) if rest else None,
        id="importance",
    )


def parameters_section(manifest: ModelManifest) -> Markup:
    """Return the parameters of the regressor, or the members of an ensemble."""
    facts: list[Named] = [(say("parameters.trainedOn"), say(f"parameters.transforms.{manifest.target_transform}"))]
    race = manifest.race
    if race:
        facts += [
            (
                say("parameters.limit"),
                say("parameters.used", limit=short_number(race.time_limit), seconds=short_number(race.seconds)),
            ),
            (say("parameters.compared"), count(race.rows_compared)),
        ]
    if manifest.members:
        made: Content = _members(sorted(manifest.members, key=lambda member: -member.weight))
        title = say("parameters.ensemble")
    else:
        made = element(
            "article", element("h3", regressor(manifest.model_type)), parameter_list(manifest.parameters), class_="card"
        )
        title = say("parameters.title")
    return element(
        "section",
        element("h2", title),
        definition_list(facts),
        made,
        id="parameters",
    )


def _members(members: Sequence[EnsembleMember]) -> Content:
    """Return the cards of the members, the weightiest first."""
    cards = [_member(member) for member in members]
    rest = cards[MEMBERS_SHOWN:]
    return [
        element("div", *cards[:MEMBERS_SHOWN], class_="cards wide"),
        folded(say("parameters.less", n=count(len(rest))), element("div", *rest, class_="cards wide"))
        if rest
        else None,
    ]


def _member(member: EnsembleMember) -> Markup:
    """Return the card of a member with its weight."""
    weight = element("span", say("parameters.weight", share=share(member.weight, 1)), class_="kind")
    facts: list[Named] = [
        (say("parameters.folds"), score(member.cross_validation.mean)),
        (say("parameters.trainedOn"), say(f"parameters.transforms.{member.target_transform}")),
    ]
    return element(
        "article",
        element("header", element("h3", regressor(member.model_type)), weight),
        bar(member.weight),
        definition_list(facts),
        folded(say("parameters.title"), parameter_list(member.parameters)),
        class_="card",
    )


def parameter_list(parameters: dict[str, Any]) -> Markup:
    """Return parameters by name."""
    return definition_list((name, parameter(value)) for name, value in sorted(parameters.items()))


def parameter(value: Any) -> Markup:
    """Return the value of a parameter as Python has it; numbers as all numbers of the page."""
    if isinstance(value, float):
        return element("span", short_number(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return element("span", count(value))
    return isolated(str(value))
