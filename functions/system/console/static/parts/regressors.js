// The names of regressors, in the words of the page.
import { number } from "./format.js";
import { known, t } from "./words.js";

// By these of their parameters the trials of one regressor are told apart first.
const TELLING = ["n_estimators", "max_iter", "num_leaves", "max_leaf_nodes", "max_depth", "learning_rate", "alpha", "C", "gamma", "n_neighbors"];

// Return the name of a model type, and of its target transform where there is one.
export function regressor(type, transform = "none") {
  const name = known(`regressors.type.${type}`, type);
  return transform === "none" || !transform ? name : `${name} · ${known(`regressors.transform.${transform}`, transform)}`;
}

// Return the name of a trial by its label, such as lightgbm-2 or ridge-tuned.
export function labelled(label) {
  const [, type, which] = /^(.*?)(?:-(\d+|tuned))?$/.exec(label);
  if (which === "tuned") return plain({ model_type: type, tuned: true });
  return which ? `${regressor(type)} ${which}` : regressor(type);
}

// Return the row that one is named as which did not finish: by its regressor and its parameters, where the service gives them.
export function rowOf({ model_type: label, target_transform: transform, parameters }) {
  const [, type, which] = /^(.*?)(?:, \w+)?(?:-(\d+|tuned))?$/.exec(label);
  return parameters === undefined ? null : { model_type: type, target_transform: transform, parameters, tuned: which === "tuned" };
}

// Return { name, rest } of a warning about one trial, such as "svr (log, C=10): it stopped", with its name in the words of the
// page; null for any other.
export function trialOf(warning) {
  const [, type, inside, rest] = /^([a-z_]+)(?: \(([^()]+)\))?: (.+)$/s.exec(warning) ?? [];
  if (type === undefined || known(`regressors.type.${type}`, "") === "") return null;
  const parts = inside?.split(", ").map((part) => part.split("=")) ?? [];
  const transform = parts.find((part) => part.length === 1)?.[0];
  const parameters = parts.filter((part) => part.length === 2).map(([name, value]) => parameter(name, valueOf(value)));
  return { name: [regressor(type, transform), ...parameters].join(" · "), rest };
}

const valueOf = (text) => (text === "None" ? null : Number.isNaN(Number(text)) ? text : Number(text));

// Return what names the rows of a race. Rows of one regressor are told apart by the parameters in which they differ, or by a
// number where they differ in none. What is no row itself, such as a member of a blend, has the name of the row like it.
export function namesOf(rows) {
  const groups = new Map();
  for (const row of rows) groups.set(plain(row), [...(groups.get(plain(row)) ?? []), row]);
  const names = new Map();
  const alike = new Map();
  for (const [name, group] of groups) {
    const telling = tellingOf(group);
    for (const row of group) {
      const full = [name, ...telling.filter((each) => each in (row.parameters ?? {})).map((each) => parameter(each, row.parameters[each]))].join(" · ");
      const many = (alike.get(full) ?? 0) + 1;
      alike.set(full, many);
      names.set(row, many > 1 ? `${full} (${many})` : full);
    }
  }
  return (row) => names.get(row) ?? names.get(rows.find((other) => identity(other) === identity(row))) ?? plain(row);
}

// What a row says of its regressor, as a text that is the same for the same regressor with the same parameters.
export const identity = (row) => JSON.stringify([plain(row), Object.entries(row.parameters ?? {}).sort(([one], [other]) => (one < other ? -1 : 1))]);

const plain = ({ model_type: type, target_transform: transform, tuned }) => `${regressor(type, transform)}${tuned ? ` · ${t("race.tuned")}` : ""}`;

// Return as few parameters as tell rows apart, by their names.
function tellingOf(rows) {
  const present = new Set(rows.flatMap(({ parameters }) => Object.keys(parameters ?? {})));
  const ordered = [...TELLING.filter((name) => present.delete(name)), ...present];
  const kinds = (names) => new Set(rows.map(({ parameters }) => JSON.stringify(names.map((name) => (name in (parameters ?? {}) ? [parameters[name]] : []))))).size;
  return ordered.reduce((telling, name) => (kinds([...telling, name]) > kinds(telling) ? [...telling, name] : telling), []);
}

function parameter(name, value) {
  const text = value === null ? t("regressors.unlimited") : typeof value === "number" ? number(value) : String(value);
  return known(`regressors.parameter.${name}`, `${name} {value}`).replace("{value}", () => text);
}
