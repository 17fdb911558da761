// The names of regressors, in the words of the page.
import { known } from "./words.js";

// Return the name of a model type, and of its target transform where there is one.
export function regressor(type, transform = "none") {
  const name = known(`regressors.type.${type}`, type);
  return transform === "none" || !transform ? name : `${name} · ${known(`regressors.transform.${transform}`, transform)}`;
}
