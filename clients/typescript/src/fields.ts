/** From the options of a call to the fields and the path of its request. */

import type { ModelReference } from "./types.js";

/** Return options in snake_case, without those that are undefined. Values stay as they are. */
export function fields(options: object): Record<string, unknown> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [snakeCase(name), value]));
}

/** Return the fields that name a model; an explicit version goes before that of an answer. */
export function modelFields(model: ModelReference | undefined, version: number | undefined): Record<string, unknown> {
  if (typeof model === "object") {
    return { model_name: model.model_name, version: version ?? model.version };
  }
  return { model_name: model, version };
}

/** Return the name of a model. */
export function modelName(model: ModelReference): string {
  return typeof model === "object" ? model.model_name : model;
}

/**
 * Return a name as one segment of a path. Throws `TypeError` for an empty one, and for . and .., which `fetch` resolves
 * to another path.
 */
export function segment(name: string): string {
  if (name === "" || name === "." || name === "..") {
    throw new TypeError(`Nothing has the name ${JSON.stringify(name)}. Give the name or the identifier of what is meant.`);
  }
  return encodeURIComponent(name);
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
