// What a browser remembers of the console: a theme and a language. Data and keys are not among it.
import { createStore } from "./store.js";

export const LANGUAGES = { en: "English", zh: "中文" };
export const THEMES = ["system", "light", "dark"];

function recall(name, known, otherwise) {
  try {
    const found = localStorage.getItem(`regatta.${name}`);
    return known.includes(found) ? found : otherwise;
  } catch {
    return otherwise; // a browser may refuse storage; the console works without
  }
}

function remembered(name, known, otherwise) {
  const store = createStore(recall(name, known, otherwise));
  store.subscribe((value) => {
    try {
      localStorage.setItem(`regatta.${name}`, value);
    } catch {
      // As above.
    }
  });
  return store;
}

const spoken = navigator.languages.some((tag) => tag.toLowerCase().startsWith("zh"));
const first = navigator.language.toLowerCase().startsWith("en") ? false : spoken;
export const language = remembered("language", Object.keys(LANGUAGES), first ? "zh" : "en");
export const theme = remembered("theme", THEMES, "system");

function paint(chosen) {
  document.documentElement.dataset.theme = chosen;
}

theme.subscribe(paint);
paint(theme.get());
