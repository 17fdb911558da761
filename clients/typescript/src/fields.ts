/** From the options of a call to the fields of its request. */

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

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
