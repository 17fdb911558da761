// Small components that every view uses. Their texts come from the view; nothing here knows what is shown.
import { html, useEffect, useId, useLayoutEffect, useRef, useState } from "./preact.js";
import { copy } from "./files.js";
import { count } from "./format.js";
import { hasMoved } from "./router.js";
import { Sideways } from "./sideways.js";
import { t } from "./words.js";

// With more options than this, one that can be searched is; so many are offered at once.
const MANY_OPTIONS = 20;
const MOST_OPTIONS = 100;
// A longer title has the width of the page to itself, and three lines.
const LONG_TITLE = 40;
// So long a button says that it has copied.
const COPIED_MS = 4000;
const ICONS = {
  data: "M4 6c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3zm0 0v12c0 1.7 3.6 3 8 3s8-1.3 8-3V6M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3",
  prepare: "M4 7h9m5 0h2M4 17h3m5 0h8M15.5 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM9.5 19.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  race: "M5 21V4m0 1c4-2.5 8 2.5 14 0v9c-6 2.5-10-2.5-14 0",
  model: "M12 3l8 4.5v9L12 21l-8-4.5v-9zm0 9l8-4.5M12 12v9m0-9L4 7.5",
  predict: "M4 19l5-6 4 3 7-9m0 0h-5m5 0v5",
  series: "M12 7v5l3 2m6-2a9 9 0 1 1-3-6.7M21 3v4h-4",
  operate: "M3 12h4l2.5-7 5 14 2.5-7h4",
  upload: "M12 16V4m0 0L7.5 8.5M12 4l4.5 4.5M4 16v3a1.5 1.5 0 0 0 1.5 1.5h13A1.5 1.5 0 0 0 20 19v-3",
  download: "M12 4v12m0 0l-4.5-4.5M12 16l4.5-4.5M4 17v2a1.5 1.5 0 0 0 1.5 1.5h13A1.5 1.5 0 0 0 20 19v-2",
  close: "M6 6l12 12M18 6L6 18",
  check: "M5 12.5l4.5 4.5L19 7.5",
  error: "M12 7.5v5.5m0 3.2v.1M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
  warning: "M12 9.5v4.5m0 2.8v.1M10.7 4.2L2.8 18a1.5 1.5 0 0 0 1.3 2.3h15.8a1.5 1.5 0 0 0 1.3-2.3L13.3 4.2a1.5 1.5 0 0 0-2.6 0z",
  info: "M12 11v5.5m0-8.8v.1M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  next: "M9.5 5.5L16 12l-6.5 6.5",
  previous: "M14.5 5.5L8 12l6.5 6.5",
  first: "M18 5.5L11.5 12l6.5 6.5M6.5 5.5v13",
  last: "M6 5.5l6.5 6.5L6 18.5M17.5 5.5v13",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zm5-2l4.5 4.5",
  copy: "M9 9h10v11H9zM5 15V4h10",
  trash: "M4.5 6.5h15M9.5 6V3.5h5V6m3 .5l-.8 14H7.3l-.8-14M10 10.5v6m4-6v6",
  edit: "M4 20l1-4.5L16.5 4a2 2 0 0 1 3.5 3.5L8.5 19z",
  table: "M4 5h16v14H4zM4 10h16M4 14.5h16M10 5v14",
};

// A picture beside words; it is hidden from screen readers, because the words say the same.
export function Icon({ name, size = 20 }) {
  return html`<svg class="icon" viewBox="0 0 24 24" width=${size} height=${size} aria-hidden="true" focusable="false">
    <path d=${ICONS[name]} />
  </svg>`;
}

// A button. kind: "primary", "secondary" (default), "quiet", "danger". With `icon` alone, `label` is read out. While it is
// `busy` it keeps the focus, which a disabled one would lose, and does nothing.
export function Button({ kind = "secondary", icon, label, busy, children, class: extra = "", onClick, ...rest }) {
  const isIcon = icon && !children;
  return html`<button type="button" class="button ${kind} ${isIcon ? "only-icon" : ""} ${extra}" aria-label=${label}
    title=${isIcon ? label : undefined} aria-disabled=${busy ? "true" : undefined} aria-busy=${busy ? "true" : undefined} onClick=${busy ? undefined : onClick} ...${rest}>
    ${busy ? html`<span class="spinner" />` : icon && html`<${Icon} name=${icon} size="18" />`}
    ${children && html`<span>${children}</span>`}
  </button>`;
}

// A link to a view that looks like a button.
export function ButtonLink({ kind = "secondary", icon, href, children, ...rest }) {
  return html`<a class="button ${kind}" href=${href} ...${rest}>
    ${icon && html`<${Icon} name=${icon} size="18" />`}<span>${children}</span>
  </a>`;
}

// The head of a view: what it is about, and what can be done with it. Where somebody came here by a link, whose view is gone
// with it, the heading takes the focus, so that a screen reader reads it and Tab goes on from there.
export function ViewHead({ title, eyebrow, note, children }) {
  const heading = useRef(null);
  useEffect(() => {
    if (hasMoved() && [document.body, document.getElementById("main")].includes(document.activeElement)) heading.current.focus({ preventScroll: true });
  }, []);
  const isLong = typeof title === "string" && title.length > LONG_TITLE;
  return html`<header class=${`view-head ${isLong ? "long" : ""}`}>
    <div>
      ${eyebrow && html`<p class="eyebrow">${eyebrow}</p>`}
      <h1 tabindex="-1" ref=${heading} title=${isLong ? title : undefined}><bdi>${title}</bdi></h1>
      ${note && html`<p class="muted">${note}</p>`}
    </div>
    ${children && html`<div class="actions">${children}</div>`}
  </header>`;
}

// A part of a view, with a heading.
export function Section({ title, note, actions, children, id }) {
  const heading = useId();
  return html`<section aria-labelledby=${title ? heading : undefined} id=${id}>
    ${title && html`<div class="section-head">
      <h2 id=${heading}>${title}</h2>
      ${actions && html`<div class="actions">${actions}</div>`}
    </div>`}
    ${note && html`<p class="note">${note}</p>`}
    ${children}
  </section>`;
}

export const Card = ({ children, class: extra = "", ...rest }) => html`<div class="card ${extra}" ...${rest}>${children}</div>`;

// A few figures with their names: [[name, figure, note?], ...].
export function Figures({ items }) {
  return html`<dl class="figures">
    ${items.map(([name, figure, note]) => html`<div>
      <dt>${name}</dt><dd>${figure}${note && html`<small>${note}</small>`}</dd>
    </div>`)}
  </dl>`;
}

// A word about a state. kind: "good", "warning", "error", "info", "plain"; each has a picture beside its colour.
export function Tag({ kind = "plain", children }) {
  const icon = { good: "check", warning: "warning", error: "error", info: "info" }[kind];
  return html`<span class="tag ${kind}">${icon && html`<${Icon} name=${icon} size="14" />`}<span>${children}</span></span>`;
}

// What a view shows while there is nothing: what it is for, and what to do.
export function Empty({ icon = "data", title, children, actions }) {
  return html`<div class="empty">
    <div class="empty-icon"><${Icon} name=${icon} size="28" /></div>
    <h2>${title}</h2>
    <p>${children}</p>
    ${actions && html`<div class="actions">${actions}</div>`}
  </div>`;
}

// The shape of what is being loaded. shape: "lines", "cards", "table".
export function Skeleton({ shape = "lines", count = 4 }) {
  const pieces = Array.from({ length: count });
  return html`<div class="skeleton ${shape}" role="status">
    <span class="visually-hidden">${t("common.loading")}</span>
    ${pieces.map(() => html`<div class="piece" aria-hidden="true" />`)}
  </div>`;
}

// How far something is: `share` from 0 to 1, or null where nobody knows.
export function Progress({ share = null, label }) {
  const known = Number.isFinite(share);
  return html`<div class="progress">
    <div class="progress-label">${label}${known && html`<span>${Math.round(share * 100)}%</span>`}</div>
    <div class="track ${known ? "" : "unknown"}" role="progressbar" aria-label=${label} aria-valuemin="0" aria-valuemax="100"
      aria-valuenow=${known ? Math.round(share * 100) : undefined}>
      <div class="done" style=${{ width: known ? `${100 * share}%` : undefined }} />
    </div>
  </div>`;
}

// A field of a form: label, control, hint and error belong together. `children` gets the attributes of the control.
export function Field({ label, hint, error, children, class: extra = "" }) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  return html`<div class="field ${error ? "invalid" : ""} ${extra}">
    <label for=${id}>${label}</label>
    ${children({ id, "aria-describedby": described, "aria-invalid": error ? "true" : undefined })}
    ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
    ${error && html`<p class="field-error" id=${`${id}-error`}><${Icon} name="error" size="14" />${error}</p>`}
  </div>`;
}

export function TextField({ label, hint, error, value, onInput, ...rest }) {
  return html`<${Field} label=${label} hint=${hint} error=${error}>
    ${(control) => html`<input type="text" value=${value} onInput=${(event) => onInput(event.target.value)} ...${control} ...${rest} />`}
  <//>`;
}

// options: [[value, text], ...]. Of many with a `search`, only those with its text are offered, and the chosen one.
export function SelectField({ label, hint, error, value, options: all, onChange, search, ...rest }) {
  const [wanted, setWanted] = useState("");
  const isMany = search && all.length > MANY_OPTIONS;
  const text = wanted.trim().toLowerCase();
  const found = isMany ? all.filter(([, words]) => words.toLowerCase().includes(text)) : all;
  const first = isMany ? found.slice(0, MOST_OPTIONS) : all;
  // The chosen one keeps its place, so that the arrow keys go on from there.
  const options = first.some(([name]) => name === value) ? first : all.filter(([name]) => name === value).concat(first);
  const status = isMany && html`<span class="muted" role="status">${t("common.offered", { n: found.length, count: count(found.length), shown: count(Math.min(found.length, MOST_OPTIONS)) })}</span>`;
  return html`${isMany && html`<label class="table-search"><span class="visually-hidden">${search}</span>
      <input type="search" placeholder=${search} value=${wanted} onInput=${(event) => setWanted(event.target.value)} />${status}</label>`}
    <${Field} label=${label} hint=${hint} error=${error}>
    ${(control) => html`<select value=${value} onChange=${(event) => onChange(event.target.value)} ...${control} ...${rest}>
      ${options.map(([name, text]) => html`<option value=${name} selected=${name === value}>${text}</option>`)}
    </select>`}
  <//>`;
}

export function CheckField({ label, hint, checked, onChange, ...rest }) {
  const id = useId();
  return html`<div class="check">
    <input type="checkbox" id=${id} checked=${checked} onChange=${(event) => onChange(event.target.checked)}
      aria-describedby=${hint ? `${id}-hint` : undefined} ...${rest} />
    <label for=${id}>${label}</label>
    ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
  </div>`;
}

// One of a few, side by side. options: [[value, text], ...]
export function Choice({ label, value, options, onChange }) {
  const name = useId();
  return html`<fieldset class="choice">
    <legend class="visually-hidden">${label}</legend>
    ${options.map(([option, text]) => html`<label class=${option === value ? "chosen" : ""}>
      <input type="radio" name=${name} value=${option} checked=${option === value} onChange=${() => onChange(option)} />
      <span>${text}</span>
    </label>`)}
  </fieldset>`;
}

// Parts of a view of which one is shown. tabs: [[name, text], ...]; arrow keys go from one to the next.
export function Tabs({ label, value, tabs, onChange, children }) {
  const id = useId();
  const list = useRef(null);
  const move = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = (tabs.findIndex(([name]) => name === value) + step + tabs.length) % tabs.length;
    onChange(tabs[at][0]);
    list.current.children[at].focus();
  };
  return html`<div class="tabs">
    <${Sideways} of=${list} current="[aria-selected=true]" place=${value} role="tablist" aria-label=${label} onKeyDown=${move}>
      ${tabs.map(([name, text]) => html`<button type="button" role="tab" id=${`${id}-${name}`} aria-controls=${`${id}-panel`}
        aria-selected=${name === value ? "true" : "false"} tabindex=${name === value ? 0 : -1} onClick=${() => onChange(name)}>${text}</button>`)}
    <//>
    <div role="tabpanel" id=${`${id}-panel`} aria-labelledby=${`${id}-${value}`} tabindex="0">${children}</div>
  </div>`;
}

// A place to drop a file, or to choose one. `onFiles` gets a list of `File`, and none while it is `busy` with those before.
export function FileDrop({ onFiles, accept, multiple = false, title, note, compact = false, busy }) {
  const input = useRef(null);
  const [over, setOver] = useState(false);
  const take = (event) => {
    event.preventDefault();
    setOver(false);
    const files = [...(event.dataTransfer ?? event.target).files];
    if (files.length && !busy) onFiles(files);
    if (event.target.value) event.target.value = "";
  };
  const drag = (event) => {
    event.preventDefault();
    setOver(event.type === "dragover");
  };
  return html`<div class="drop ${over ? "over" : ""} ${compact ? "compact" : ""}" onDragOver=${drag} onDragLeave=${drag} onDrop=${take}>
    <${Icon} name="upload" size=${compact ? 20 : 32} />
    <div class="drop-words"><p class="drop-title">${title}</p>${note && html`<p class="muted">${note}</p>`}</div>
    <${Button} kind=${compact ? "secondary" : "primary"} busy=${busy} onClick=${() => input.current.click()}>${t("common.chooseFile")}<//>
    <input ref=${input} type="file" class="visually-hidden" tabindex="-1" aria-label=${t("common.chooseFile")} accept=${accept} multiple=${multiple} onChange=${take} />
  </div>`;
}

// A text that is copied by a button, such as a command.
export function Code({ text, label }) {
  const [done, setDone] = useState("copy");
  const shown = useRef(null);
  const take = async () => {
    setDone((await copy(text, shown.current)) ? "copied" : "selected");
    setTimeout(() => setDone("copy"), COPIED_MS);
  };
  return html`<div class="code">
    <${Sideways} class="code-body" tabindex="0" role="group" aria-label=${label}><pre><code ref=${shown}>${text}</code></pre><//>
    <${Button} kind="quiet" icon=${done === "copied" ? "check" : "copy"} label=${t(`common.${done}`)} onClick=${take} />
    ${done === "selected" && html`<p class="hint" role="status">${t("common.selected")}</p>`}
  </div>`;
}

// Something that is shown on request. The summary is always there.
export const Details = ({ summary, open, onToggle, children }) => html`<details class="details" open=${open} onToggle=${onToggle && (({ target }) => onToggle(target.open))}>
  <summary><${Icon} name="next" size="16" /><span>${summary}</span></summary>
  <div>${children}</div>
</details>`;

// The width of an element in CSS pixels, kept current.
export function useWidth(otherwise = 640) {
  const element = useRef(null);
  const [width, setWidth] = useState(otherwise);
  useLayoutEffect(() => {
    const watcher = new ResizeObserver(([entry]) => setWidth(Math.max(1, Math.floor(entry.contentRect.width))));
    watcher.observe(element.current);
    return () => watcher.disconnect();
  }, []);
  return [element, width];
}
