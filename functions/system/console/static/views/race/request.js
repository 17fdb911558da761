// The request of a race, made from what was chosen.

// "nine" as they are, "tuned" with a search for their parameters, "portfolio" for the best blend in a given time.
export const KINDS = ["portfolio", "nine", "tuned"];
export const EXTRAS = ["extra_trees", "hist_gradient_boosting", "lightgbm"];

// Return the columns that can be predicted: numbers with more than one value.
export function targetsOf(info) {
  return Object.entries(info.column_types).filter(([name, type]) => (type === "integer" || type === "number") && !isConstant(info.statistics?.[name])).map(([name]) => name);
}

const isConstant = (statistics) => statistics !== undefined && statistics.min !== undefined && statistics.min === statistics.max;

// Return the body of POST /model/compare. A text that is no number goes as it is: the service says what is wrong with it.
export function bodyOf(fileId, { kind, seconds, target, extras, validation, timeColumn, groupColumn, testSize, parallel, maxKilobytes, maxMicroseconds }) {
  const body = { file_id: fileId, target_column: target, validation };
  if (testSize.trim()) body.test_size = scaled(testSize, 1 / 100);
  if (parallel) body.parallel = true;
  if (validation === "time" && timeColumn) body.time_column = timeColumn;
  if (validation === "group" && groupColumn) body.group_column = groupColumn;
  if (kind === "portfolio") {
    Object.assign(body, { ensemble: true, time_limit: seconds });
    if (maxKilobytes.trim()) body.max_bytes = scaled(maxKilobytes, 1000);
    if (maxMicroseconds.trim()) body.max_latency_us = scaled(maxMicroseconds, 1);
  } else {
    if (extras.length) body.include = extras;
    if (kind === "tuned") Object.assign(body, { tune_hyperparameters: true, tuning_seconds: seconds });
  }
  return body;
}

function scaled(text, factor) {
  const value = Number(text.trim());
  return Number.isNaN(value) ? text : value * factor;
}
