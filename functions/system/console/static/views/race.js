// Race: regressors run against each other on the same folds, and the best is kept.
import { html } from "../parts/preact.js";
import { RaceView } from "./race/race_view.js";
import { Start } from "./race/start.js";

export default function Race({ path, query }) {
  return path.length ? html`<${RaceView} jobId=${path[0]} query=${query} key=${path[0]} />` : html`<${Start} query=${query} />`;
}
