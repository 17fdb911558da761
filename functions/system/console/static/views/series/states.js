// How it stands with a file of a series, in a word with a picture.
import { Tag } from "../../parts/elements.js";
import { html } from "../../parts/preact.js";
import { known, t } from "../../parts/words.js";

const KINDS = { accepted: "good", held: "warning", refused: "error", waiting: "info", superseded: "plain", old: "plain" };

export function DecisionState({ of: { state, promoted } }) {
  return html`<${Tag} kind=${KINDS[state] ?? "plain"}>${promoted ? t("series.promoted") : known(`series.state.${state}`, state)}<//>`;
}
