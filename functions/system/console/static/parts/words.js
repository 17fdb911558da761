// The words of the console, in words/en.json and words/zh.json.
import { ASSETS } from "./places.js";
import { language } from "./preferences.js";
import { createStore } from "./store.js";

const loaded = {};
const listed = {};
let words = {};
let plural = new Intl.PluralRules("en");
// Changes when other words are shown; the whole page shows itself again then.
export const shownLanguage = createStore(null);

async function load(name) {
  if (!loaded[name]) [loaded[name], listed[name]] = await Promise.all([readWords(name), readListed(name)]);
  words = loaded[name];
  plural = new Intl.PluralRules(name);
  document.documentElement.lang = name === "zh" ? "zh-CN" : name;
  shownLanguage.set(name);
}

async function readWords(name) {
  const answer = await fetch(`${ASSETS}words/${name}.json`);
  if (!answer.ok) throw new Error(`words/${name}.json: ${answer.status}`);
  return flatten(await answer.json());
}

// The sentences of the service in this language; without them they stay as they are. In English those are listed that name
// a request where the console has a view.
async function readListed(name) {
  const answer = await fetch(`${ASSETS}words/service.${name}.json`);
  return answer.ok ? answer.json() : {};
}

export const sentences = () => listed[shownLanguage.get()] ?? {};

// An object with `other` is a sentence in its plural forms; any other object holds further names.
function flatten(tree, prefix = "", found = {}) {
  for (const [name, value] of Object.entries(tree)) {
    if (typeof value === "string" || "other" in value) found[prefix + name] = value;
    else flatten(value, `${prefix}${name}.`, found);
  }
  return found;
}

export async function startWords() {
  language.subscribe(load);
  await load(language.get());
}

// Return the words of a key, with its `{names}` replaced. `count` decides between plural forms.
export function t(key, values = {}) {
  let text = words[key];
  if (text === undefined) return key;
  if (typeof text !== "string") text = text[plural.select(Number(values.n ?? values.count ?? 0))] ?? text.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

// Return the words of a key, or `otherwise` where there are none: for words that the service may add.
export function known(key, otherwise) {
  return key in words ? t(key) : otherwise;
}
