// One way of writing numbers, in the language that is shown.
import { shownLanguage, t } from "./words.js";

export const NOTHING = "–";
const SUPERSCRIPTS = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
const HUGE = 1e15;
const TINY = 1e-4;
const STEPS = [["second", 60], ["minute", 60], ["hour", 24], ["day", Infinity]];
const UNITS = [[1e12, "T"], [1e9, "B"], [1e6, "M"]];
const made = new Map();

const locale = () => (shownLanguage.get() === "zh" ? "zh-CN" : "en-GB");

function formatter(kind, options) {
  const name = `${locale()}${kind.name}${JSON.stringify(options)}`;
  if (!made.has(name)) made.set(name, new kind(locale(), options));
  return made.get(name);
}

// What is rounded to nothing has no sign.
const figures = (value, options) => formatter(Intl.NumberFormat, options).format(value).replace(/^-(?!.*[1-9])/, "").replace("-", "−");

// A count: 20,640.
export const count = (value) => (Number.isFinite(value) ? figures(value, { maximumFractionDigits: 0 }) : NOTHING);

// A few digits of a number: 0.1235, 2012, 206,856, 12.35 M, 1.8×10³⁰⁸.
export function number(value, digits = 4) {
  if (typeof value !== "number" || !Number.isFinite(value)) return NOTHING;
  const size = Math.abs(value);
  if (size >= HUGE || (size > 0 && size < TINY)) return scientific(value, digits);
  if (size >= 1e7) return inUnits(value, digits);
  if (size >= 1e4) return figures(value, { maximumFractionDigits: 0 });
  return figures(value, { maximumSignificantDigits: size >= 1000 ? 4 : digits, useGrouping: false });
}

// Millions and more; in Chinese by ten thousands. The letters are those of the reports, which Intl writes otherwise.
function inUnits(value, digits) {
  if (shownLanguage.get() === "zh") return figures(value, { notation: "compact", maximumSignificantDigits: digits });
  const [unit, letter] = UNITS.find(([each]) => Math.abs(value) >= each);
  return `${figures(value / unit, { maximumSignificantDigits: digits })}\u00a0${letter}`;
}

// Every digit of a number, as a cell shows it.
export const exact = (value) => (typeof value === "number" ? String(value).replaceAll("-", "−") : String(value));

function scientific(value, digits) {
  const [mantissa, exponent] = value.toExponential(Math.max(0, digits - 1)).split("e");
  const raised = [...exponent.replace("+", "")].map((digit) => SUPERSCRIPTS[digit]).join("");
  return `${figures(Number(mantissa), { maximumSignificantDigits: digits })}×10${raised}`;
}

// A score such as R²: three decimals.
export const score = (value) =>
  Number.isFinite(value) ? figures(value, { minimumFractionDigits: 3, maximumFractionDigits: 3 }) : NOTHING;

// A coefficient from −1 to 1 where there is little room: two decimals.
export const coefficient = (value) => (Number.isFinite(value) ? figures(value, { minimumFractionDigits: 2, maximumFractionDigits: 2 }) : NOTHING);

// A share in per cent, with one decimal. Only nothing is 0%, and only everything is 100%.
export function share(part, whole = 1) {
  if (!whole || !part) return percent(0, 0);
  const found = part / whole;
  if (found < 0.001) return `<${percent(0.001, 1)}`;
  if (found > 0.999 && found < 1) return `>${percent(0.999, 1)}`;
  return percent(found, found === 1 || found > 0.995 ? 0 : 1);
}

const percent = (value, decimals) => figures(value, { style: "percent", minimumFractionDigits: decimals, maximumFractionDigits: decimals });

// A level such as 0.9 in whole per cent: 90%.
export const level = (value) => percent(value, 0);

export function bytes(value) {
  if (!Number.isFinite(value)) return NOTHING;
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const step = value < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  return figures(value / 1000 ** step, { style: "unit", unit: units[step], unitDisplay: step ? "short" : "long", maximumSignificantDigits: 3 });
}

// How long something took: 0.42 s, 3 min.
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return NOTHING;
  let value = seconds;
  for (const [unit, many] of STEPS) {
    if (value < many && unit === "second") return `${figures(value, { maximumSignificantDigits: 2 })}\u00a0${t("common.seconds")}`;
    if (value < many) return figures(value, { style: "unit", unit, unitDisplay: "short", maximumSignificantDigits: 3 });
    value /= many;
  }
  return NOTHING;
}

export const microseconds = (value) =>
  Number.isFinite(value) ? `${figures(value, { maximumSignificantDigits: 3 })}\u00a0µs` : NOTHING;

// A moment, of a text such as 2026-11-28T04:00:00Z, in the reader's zone.
export function moment(text) {
  const when = new Date(text);
  return Number.isNaN(when.valueOf()) ? NOTHING : formatter(Intl.DateTimeFormat, { dateStyle: "medium", timeStyle: "short" }).format(when);
}

// How long ago: 3 minutes ago.
export function ago(text, now = Date.now()) {
  let value = (new Date(text).valueOf() - now) / 1000;
  if (Number.isNaN(value)) return NOTHING;
  if (Math.abs(value) < 45) return t("common.justNow");
  for (const [unit, many] of STEPS) {
    if (Math.abs(value) < many) return formatter(Intl.RelativeTimeFormat, { numeric: "auto" }).format(Math.round(value), unit);
    value /= many;
  }
  return moment(text);
}

// A row of values without the last digits that sums and halves of decimals leave behind: 86.0637, not 86.06370000000001.
export const tidy = (row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, typeof value === "number" ? Number(value.toPrecision(15)) : value]));

// A name of at most so many characters; its middle goes, because long names often begin and end alike.
export function shorten(text, most) {
  const letters = [...String(text)];
  const wide = widthOf(letters);
  if (wide <= most) return letters.join("");
  const kept = Math.max(3, Math.floor((most / wide) * letters.length) - 1);
  return `${letters.slice(0, Math.ceil(kept / 2)).join("")}…${letters.slice(letters.length - Math.floor(kept / 2)).join("")}`;
}

// A Chinese letter is nearly as wide as two others.
const widthOf = (letters) => letters.reduce((sum, letter) => sum + (letter.codePointAt(0) > 0x2e7f ? 1.8 : 1), 0);

// Names in one line, of very many the first.
export function listed(names, most = 12) {
  const more = names.length - most;
  return `${names.slice(0, most).join(t("common.comma"))}${more > 0 ? t("common.andMore", { n: more, count: count(more) }) : ""}`;
}

// The date of a table as it is stored: without a zone.
export const date = (text) => String(text).replace("T", " ").replace(/ 00:00:00$/, "");
