// What the console says of its own accord: errors with a way out, short messages, and dialogs.
import { Problem, Unreachable, hasKey, signInAsked } from "./api.js";
import { Button, ButtonLink, Icon, Skeleton } from "./elements.js";
import { html, useEffect, useErrorBoundary, useId, useRef, useState } from "./preact.js";
import { href } from "./router.js";
import { Said, said } from "./service_words.js";
import { createStore, useStore } from "./store.js";
import { known, t } from "./words.js";

const TOAST_MS = 6000;
// Where to go from what is gone.
const LISTS = { "no-such-file": "data", "no-such-model": "model", "no-such-job": "operate", "no-such-series": "series" };

// An error in the words of the service, with what can be done about it. `actions` are further ways out; `busy` while `onRetry` runs.
export function ErrorPanel({ error, onRetry, busy, actions, title }) {
  if (error instanceof Unreachable) {
    return html`<${Notice} kind="warning" title=${t("errors.unreachable")} actions=${actions}>${t("errors.unreachableNote")}<//>`;
  }
  const problem = error instanceof Problem ? error : null;
  const needsKey = problem && (problem.status === 401 || problem.status === 403);
  const words = problem ? problem.detail || problem.title : String(error?.message ?? error);
  const ways = [
    needsKey && html`<${Button} kind="primary" onClick=${() => signInAsked.set(problem)}>${hasKey() ? t("signIn.otherKey") : t("signIn.enterKey")}<//>`,
    problem?.type in LISTS && html`<${ButtonLink} kind="primary" icon=${LISTS[problem.type]} href=${href(LISTS[problem.type])}>${t(`errors.list.${LISTS[problem.type]}`)}<//>`,
    onRetry && !needsKey && html`<${Button} busy=${busy} onClick=${onRetry}>${t("common.tryAgain")}<//>`,
    actions,
  ];
  return html`<${Notice} kind="error" title=${title ?? (problem ? known(`errors.type.${problem.type}`, problem.title) : t("errors.unexpected"))} actions=${ways.some(Boolean) && ways}>
    <p><${Said} text=${words} /></p>
    ${problem && problem.errors.length > 0 && html`<ul>
      ${problem.errors.slice(0, 5).map((each) => html`<li>${each.field ? `${each.field}: ` : ""}${each.message && html`<${Said} text=${each.message} />`}</li>`)}
    </ul>`}
  <//>`;
}

// A box with a message. kind: "error", "warning", "info", "good".
export function Notice({ kind = "info", title, children, actions }) {
  const icon = kind === "good" ? "check" : kind;
  return html`<div class="notice ${kind}" role=${kind === "error" ? "alert" : "status"}>
    <${Icon} name=${icon} />
    <div>
      ${title && html`<p class="notice-title">${title}</p>`}
      ${typeof children === "string" ? html`<p>${children}</p>` : children}
      ${actions && html`<div class="actions">${actions}</div>`}
    </div>
  </div>`;
}

// Show a resource in each of its states. `children` is a function of its data; without data `head` stands above. What can be
// pressed stays while it is loaded again.
export function Loaded({ of, skeleton = {}, head, isEmpty, empty, children }) {
  if (of.data !== undefined && isEmpty?.(of.data)) return empty;
  if (of.data === undefined && !of.error) return html`${head}<${Skeleton} ...${skeleton} />`;
  return html`
    ${of.data === undefined && head}
    ${of.error && html`<${ErrorPanel} error=${of.error} onRetry=${of.reload} busy=${of.loading} />`}
    ${of.data !== undefined && children(of.data)}`;
}

// Keeps an error of one view from taking the page down; `head` stands above the error.
export function Guarded({ head, children }) {
  const [error, reset] = useErrorBoundary((found) => console.error(found));
  return error ? html`${head}<${ErrorPanel} error=${error} onRetry=${reset} />` : children;
}

const toasts = createStore([]);
let last = 0;

// Say something for a few seconds, such as what was done, and as long as somebody is at it. `action`: { label, run }.
export function toast(text, { kind = "good", action, lang } = {}) {
  const id = (last += 1);
  const leave = () => toasts.set(toasts.get().filter((each) => each.id !== id));
  let timer;
  const stay = () => clearTimeout(timer);
  const wait = () => {
    stay();
    timer = setTimeout(leave, action ? 2 * TOAST_MS : TOAST_MS);
  };
  toasts.set([...toasts.get(), { id, text, lang, kind, action, leave, stay, wait }]);
  wait();
}

// Say why something was not done.
export function toastError(error) {
  const { text, lang } = said(error.message);
  toast(text, { kind: "error", lang });
}

export function Toasts() {
  const shown = useStore(toasts);
  return html`<div class="toasts" role="status" aria-live="polite">
    ${shown.map(({ id, text, lang, kind, action, leave, stay, wait }) => html`<div class="toast ${kind}" key=${id} onMouseEnter=${stay} onMouseLeave=${wait} onfocusin=${stay} onfocusout=${wait}>
      <${Icon} name=${kind === "good" ? "check" : kind} size="18" /><span lang=${lang}>${text}</span>
      ${action && html`<${Button} kind="quiet" onClick=${() => { leave(); action.run(); }}>${action.label}<//>`}
      <${Button} kind="quiet" icon="close" label=${t("common.close")} onClick=${leave} />
    </div>`)}
  </div>`;
}

// A dialog over the page: the browser keeps the focus inside, and gives it back when the dialog is closed.
export function Dialog({ title, onClose, children, actions, wide = false }) {
  const element = useRef(null);
  const heading = useId();
  useEffect(() => {
    const before = document.activeElement;
    element.current.showModal();
    return () => before?.focus?.();
  }, []);
  const cancelled = (event) => {
    event.preventDefault();
    onClose();
  };
  return html`<dialog ref=${element} class=${wide ? "wide" : ""} aria-labelledby=${heading} onCancel=${cancelled}
    onClick=${(event) => event.target === element.current && onClose()}>
    <div class="dialog">
      <header><h2 id=${heading}>${title}</h2><${Button} kind="quiet" icon="close" label=${t("common.close")} onClick=${onClose} /></header>
      <div class="dialog-body">${children}</div>
      ${actions && html`<footer>${actions}</footer>`}
    </div>
  </dialog>`;
}

// Ask before something is done that cannot be undone. `onConfirm` may take its time, and may fail. `keep` is the word for no.
export function Confirm({ title, children, confirm, keep, onConfirm, onClose }) {
  const [state, setState] = useState({ busy: false });
  const act = async () => {
    setState({ busy: true });
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  return html`<${Dialog} title=${title} onClose=${onClose} actions=${html`
    <${Button} onClick=${onClose}>${keep ?? t("common.cancel")}<//>
    <${Button} kind="danger" busy=${state.busy} onClick=${act}>${confirm}<//>`}>
    ${typeof children === "string" ? html`<p>${children}</p>` : children}
    ${state.error && html`<${ErrorPanel} error=${state.error} />`}
  <//>`;
}
