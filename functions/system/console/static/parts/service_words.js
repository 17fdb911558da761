// Sentences of the service in the language that is shown. The service speaks English, and a sentence is known by its form:
// "has no value in {Rows} ({share})" in words/service.zh.json. What stands for a name with a capital letter is a sentence
// of its own, such as "44 rows"; any other value stays as it is, {n} is a number. A sentence that is not listed stays English, and says so.
import { html } from "./preact.js";
import { useStore } from "./store.js";
import { sentences, shownLanguage } from "./words.js";

const DEPTH = 3;
// A form with fewer letters of its own is a part of sentences, and none by itself.
const LEAST = 12;
const forms = new WeakMap();

// Return { text, lang } of a sentence; `lang` is undefined where it is in the language that is shown.
export function said(text, depth = DEPTH) {
  for (const { form, names, other, letters } of formsOf(sentences())) {
    const found = depth > 0 && (letters >= LEAST || depth < DEPTH) && form.exec(text);
    if (!found) continue;
    const values = Object.fromEntries(names.map((name, index) => [name, valueOf(name, found[index + 1], depth)]));
    return { text: other.replace(/\{(\w+)\}/g, (_, name) => values[name]) };
  }
  return { text, lang: shownLanguage.get() === "en" ? undefined : "en" };
}

const valueOf = (name, value, depth) => (/^[A-Z]/.test(name) ? said(value, depth - 1).text : value);

// A sentence as it is read out: with a capital letter and an end where it is English.
export function Said({ text, whole = false }) {
  useStore(shownLanguage);
  const found = said(text);
  const shown = whole && (found.lang === "en" || shownLanguage.get() === "en") ? capitalised(found.text) : found.text;
  return html`<span lang=${found.lang}>${shown}${whole && shownLanguage.get() === "zh" && !found.lang && !/[。？！]$/.test(shown) ? "。" : ""}</span>`;
}

const capitalised = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;

// Return what recognises each listed sentence. Those with more words of their own say more exactly what is meant.
function formsOf(listed) {
  if (!forms.has(listed)) {
    const found = Object.entries(listed).map(([english, other]) => formOf(english, other));
    forms.set(listed, found.sort((one, other) => other.letters - one.letters));
  }
  return forms.get(listed);
}

function formOf(english, other) {
  const names = [...english.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const literals = english.split(/\{\w+\}/);
  const source = literals.map((text, index) => escaped(text) + (index < names.length ? valueForm(names[index]) : "")).join("");
  return { form: new RegExp(`^${source}$`, "s"), names, other, letters: literals.join("").length };
}

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

// Behind a semicolon a sentence goes on: no single value has one.
const valueForm = (name) => ({ n: "([\\d.,]+)", value: "([^;]+?)" })[name] ?? "(.+?)";
