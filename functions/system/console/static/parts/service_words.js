// Sentences of the service in the language that is shown. The service speaks English, and a sentence is known by its form:
// "has no value in {Rows} ({share})" in words/service.zh.json, a file of core/languages; service.en.json lists those that name a request
// where the console has a view. What stands for a name with a capital letter is a sentence or one of the `parts` of sentences, such as "44 rows"; any other value stays as it is, {n} is a number. Of several
// sentences, and of several reasons with semicolons between them, each may be listed by itself. What is not listed stays
// English, and says so.
import { html } from "./preact.js";
import { trialOf } from "./regressors.js";
import { useStore } from "./store.js";
import { known, sentences, shownLanguage, t } from "./words.js";

// So many sentences may stand inside of each other.
const DEPTH = 6;
const BREAK = /(?<=[.!?]) (?=[A-Z`])/;
const SEMICOLON = "; ";
// Lists show the same sentences again and again.
const MOST_KEPT = 1000;
const forms = new WeakMap();
let kept = new Map();
let keptFor = null;

// Return { text, lang } of a sentence, a trial in it by its name on the page; `lang` is undefined where it is in the language that is shown.
export function said(text) {
  const trial = trialOf(text);
  if (trial) {
    const rest = said(trial.rest);
    return { ...rest, text: `${trial.name}${t("common.colon")}${rest.text}` };
  }
  const words = translated(text, DEPTH);
  if (words !== undefined) return { text: words };
  return { text, lang: shownLanguage.get() === "en" ? undefined : "en" };
}

// Return what a job is doing: the name of its stage, or how many of its tasks are done.
export const stageWords = (stage) => known(`stages.${stage}`, stage && said(stage).text);

// Return a text by the listed forms, or undefined; what was found once is kept.
function translated(text, depth) {
  if (!/[A-Za-z]/.test(text)) return text;
  if (depth === 0) return undefined;
  if (keptFor !== sentences() || kept.size > MOST_KEPT) [kept, keptFor] = [new Map(), sentences()];
  const key = `${depth} ${text}`;
  if (kept.has(key)) return kept.get(key);
  const words = found(text, depth);
  kept.set(key, words);
  return words;
}

// Inside of a sentence the parts of sentences are known too.
function found(text, depth) {
  const { sentences: whole, parts } = formsOf(sentences());
  const known = depth < DEPTH ? [...whole, ...parts] : whole;
  const isEnglish = shownLanguage.get() === "en";
  const sentencesOf = text.split(BREAK);
  const several = sentencesOf.length > 1 ? sentencesOf : text.split(SEMICOLON);
  if (several.length === 1) return byForm(text, known, depth);
  const [divided, between] = several === sentencesOf ? [({ isSeveral }) => isSeveral, isEnglish ? " " : ""] : [({ isDivided }) => isDivided, isEnglish ? SEMICOLON : "；"];
  const each = () => joined(several, between, depth);
  const form = byForm(text, known.filter(divided), depth);
  // In English there is something to say of every piece, also where a value was divided: so they come last.
  return form ?? (isEnglish ? byForm(text, known, depth) ?? each() : each() ?? byForm(text, known, depth));
}

function joined(pieces, between, depth) {
  const words = pieces.map((each) => translated(each, depth) ?? asItIs(each));
  return words.includes(undefined) ? undefined : words.join(between);
}

// A form whose parts are not all known is not meant.
function byForm(text, known, depth) {
  for (const { form, longest, names, other } of known) {
    const match = text.includes(longest) && form.exec(text);
    if (!match) continue;
    const values = Object.fromEntries(names.map((name, index) => [name, valueOf(name, match[index + 1], depth)]));
    if (names.some((name) => values[name] === undefined)) continue;
    return other.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }
  return undefined;
}

const valueOf = (name, value, depth) => (/^[A-Z]/.test(name) ? translated(value, depth - 1) ?? asItIs(value) : value);

// In English what is not listed is right as it is.
const asItIs = (text) => (shownLanguage.get() === "en" ? text : undefined);

// A sentence as it is read out: with a capital letter and an end where it is English.
export function Said({ text, whole = false }) {
  useStore(shownLanguage);
  const found = said(text);
  const shown = whole && (found.lang === "en" || shownLanguage.get() === "en") ? capitalised(found.text) : found.text;
  return html`<span lang=${found.lang}>${shown}${whole && shownLanguage.get() === "zh" && !found.lang && !/[。？！]$/.test(shown) ? "。" : ""}</span>`;
}

const capitalised = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;

// Return what recognises each listed sentence and part. Those with more words of their own say more exactly what is meant.
function formsOf(listed) {
  if (!forms.has(listed)) {
    const recognised = (texts = {}) => Object.entries(texts).map(([english, other]) => formOf(english, other)).sort((one, next) => next.letters - one.letters);
    forms.set(listed, { sentences: recognised(listed.sentences), parts: recognised(listed.parts) });
  }
  return forms.get(listed);
}

function formOf(english, other) {
  const names = [...english.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const literals = english.split(/\{\w+\}/);
  const source = literals.map((text, index) => escaped(text) + (index < names.length ? valueForm(names[index]) : "")).join("");
  const longest = literals.reduce((one, next) => (next.length > one.length ? next : one));
  return { form: new RegExp(`^${source}$`, "s"), longest, names, other, letters: literals.join("").length, isSeveral: BREAK.test(english.replace(/\{\w+\}/g, "A")), isDivided: english.includes(SEMICOLON) };
}

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

// Behind a semicolon a sentence goes on: no single value has one, and a plain one no comma.
const valueForm = (name) => ({ n: "([\\d.,]+)", value: "([^;]+?)", what: "([^;]+?)", plain: "([^;,]+?)", format: "([^;()]+?)" })[name] ?? "(.+?)";
