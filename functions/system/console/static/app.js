// The frame around every view: navigation, theme and language, sign-in, and what is said when the service is away.
import { Unreachable, answers, connection, hasKey, identity, signIn, signInAsked, signOut } from "./parts/api.js";
import { Button, Icon, Skeleton, ViewHead } from "./parts/elements.js";
import { Dialog, ErrorPanel, Guarded, Notice, Toasts, toast } from "./parts/feedback.js";
import { LANGUAGES, THEMES, language, theme } from "./parts/preferences.js";
import { html, useEffect, useRef, useState } from "./parts/preact.js";
import { BASE } from "./parts/places.js";
import { hasMoved, href, navigate, route } from "./parts/router.js";
import { Sideways } from "./parts/sideways.js";
import { createStore, useStore } from "./parts/store.js";
import { shownLanguage, t } from "./parts/words.js";
import { VIEWS } from "./views/index.js";

export function App() {
  const shown = useStore(shownLanguage);
  const { view } = useStore(route);
  useEffect(() => {
    document.title = `${t(`nav.${view in VIEWS ? view : "notFound"}`)} · Regatta`;
  }, [view, shown]);
  return html`<div class="frame">
    <a class="skip" href="#main" onClick=${skip}>${t("nav.skip")}</a>
    <${Navigation} view=${view} />
    <div class="page">
      <${Away} />
      <main id="main" tabindex="-1"><${View} /></main>
    </div>
    <${SignIn} />
    <${Toasts} />
  </div>`;
}

function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

function Navigation({ view }) {
  return html`<header class="side">
    <a class="brand" href=${href("data")}><${Mark} /><span>Regatta</span></a>
    <nav aria-label=${t("nav.views")}><${Sideways} class="links" current="[aria-current]" place=${view}>
      ${Object.keys(VIEWS).map((name) => html`<a href=${href(name)} aria-current=${name === view ? "page" : undefined}>
        <${Icon} name=${name} /><span>${t(`nav.${name}`)}</span>
      </a>`)}
    <//></nav>
    <${Preferences} />
  </header>`;
}

const Mark = () => html`<svg class="mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
  <rect width="32" height="32" rx="8" /><path class="sail" d="M15 6v15H7zm2.5 5v10h7z" /><path class="wave" d="M6 24q5 3 10 0t10 0" />
</svg>`;

function Preferences() {
  const chosenTheme = useStore(theme);
  const chosenLanguage = useStore(language);
  useStore(identity);
  const themes = { system: "M4 5h16v11H4zM9 20h6m-3-4v4", light: "M12 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM12 2.5v2m0 15v2M2.5 12h2m15 0h2M5.3 5.3l1.4 1.4m10.6 10.6l1.4 1.4m0-13.4l-1.4 1.4M6.7 17.3l-1.4 1.4", dark: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z" };
  return html`<div class="preferences">
    <label class="picker"><span class="visually-hidden">${t("nav.theme")}</span>
      <svg class="icon" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true"><path d=${themes[chosenTheme]} /></svg>
      <select value=${chosenTheme} onChange=${(event) => theme.set(event.target.value)}>
        ${THEMES.map((name) => html`<option value=${name} selected=${name === chosenTheme}>${t(`nav.themes.${name}`)}</option>`)}
      </select>
    </label>
    <label class="picker"><span class="visually-hidden">${t("nav.language")}</span>
      <svg class="icon" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true"><path d="M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3.5 12h17M12 3c3 3 3.8 6 3.8 9s-.8 6-3.8 9c-3-3-3.8-6-3.8-9S9 6 12 3z" /></svg>
      <select value=${chosenLanguage} onChange=${(event) => language.set(event.target.value)}>
        ${Object.entries(LANGUAGES).map(([name, text]) => html`<option value=${name} lang=${name} selected=${name === chosenLanguage}>${text}</option>`)}
      </select>
    </label>
    ${hasKey() && html`<${Button} kind="quiet" onClick=${leave}>${t("signIn.signOut")}<//>`}
    <a class="api-link" href=${`${BASE}/docs`} target="_blank" rel="noreferrer">${t("nav.api")}</a>
  </div>`;
}

function leave() {
  signOut();
  toast(t("signIn.signedOut"));
}

// The module of a view is loaded when the view is first shown.
const modules = createStore({});

function View() {
  const { view, path, query, place } = useStore(route);
  const loaded = useStore(modules)[view];
  const state = useStore(connection);
  const main = useRef(null);
  useEffect(() => {
    if (!(view in VIEWS) || loaded?.Component) return;
    VIEWS[view]().then(
      (module) => modules.set({ ...modules.get(), [view]: { Component: module.default } }),
      async (error) => modules.set({ ...modules.get(), [view]: { error: (await answers()) ? error : new Unreachable(error.message) } }),
    );
  }, [view]);
  useEffect(() => {
    // A browser may remember that a module could not be loaded.
    if (state === "up" && loaded?.error instanceof Unreachable) location.reload();
  }, [state, loaded]);
  useEffect(() => {
    // As with a page that was loaded: begin at its top, and let a screen reader read its heading.
    if (!hasMoved()) return;
    scrollTo(0, 0);
    main.current?.querySelector("h1")?.focus({ preventScroll: true });
  }, [place, Boolean(loaded)]);
  if (!(view in VIEWS)) return html`<${NotFound} />`;
  const head = html`<${ViewHead} title=${t(`nav.${view}`)} />`;
  if (loaded?.error instanceof Unreachable) return html`${head}<${ErrorPanel} error=${loaded.error} />`;
  if (loaded?.error) {
    return html`${head}<${Notice} kind="warning" title=${t("errors.otherVersion")} actions=${html`<${Button} kind="primary" onClick=${() => location.reload()}>${t("errors.reload")}<//>`}>${t("errors.otherVersionNote")}<//>`;
  }
  return html`<div class="view" ref=${main} key=${view}>
    ${loaded ? html`<${Guarded} key=${place} head=${head}><${loaded.Component} path=${path} query=${query} /><//>` : html`${head}<${Skeleton} shape="cards" />`}
  </div>`;
}

function NotFound() {
  return html`<div class="empty">
    <h1>${t("nav.notFound")}</h1>
    <p>${t("errors.noSuchView")}</p>
    <div class="actions"><${Button} kind="primary" onClick=${() => navigate(href("data"))}>${t("errors.toData")}<//></div>
  </div>`;
}

// The service is away. The console comes back by itself.
function Away() {
  const state = useStore(connection);
  const [was, setWas] = useState(false);
  useEffect(() => {
    if (state === "down") setWas(true);
    else if (was) {
      setWas(false);
      toast(t("errors.backAgain"));
    }
  }, [state]);
  return state === "down" && html`<div class="banner" role="alert"><span class="spinner" /><span>${t("errors.away")}</span></div>`;
}

function SignIn() {
  const problem = useStore(signInAsked);
  const [text, setText] = useState("");
  const had = hasKey();
  if (!problem) return null;
  const submit = (event) => {
    event.preventDefault();
    if (!text.trim()) return;
    signIn(text);
    setText("");
  };
  const close = () => signInAsked.set(null);
  return html`<${Dialog} title=${t("signIn.title")} onClose=${close} actions=${html`
      <${Button} onClick=${close}>${t("common.cancel")}<//>
      <${Button} kind="primary" type="submit" form="sign-in">${t("signIn.signIn")}<//>`}>
    <form id="sign-in" onSubmit=${submit}>
      <p>${t("signIn.why")}</p>
      ${had && html`<${ErrorPanel} title=${t("signIn.refused")} error=${new Error(problem.detail)} />`}
      <div class="field">
        <label for="api-key">${t("signIn.key")}</label>
        <input id="api-key" type="password" autocomplete="current-password" spellcheck="false" autofocus value=${text} onInput=${(event) => setText(event.target.value)} />
        <p class="hint">${t("signIn.kept")}</p>
      </div>
    </form>
  <//>`;
}
