// Uploads that go on: each with its progress, and where it was refused, with the lines that the refusal is about.
import { Problem } from "../../parts/api.js";
import { Button, Progress } from "../../parts/elements.js";
import { ErrorPanel, Notice, toast } from "../../parts/feedback.js";
import { share } from "../../parts/format.js";
import { html, useEffect } from "../../parts/preact.js";
import { href, navigate, route } from "../../parts/router.js";
import { Sideways } from "../../parts/sideways.js";
import { createStore, useStore } from "../../parts/store.js";
import { BrokenOff, giveUp, upload } from "../../parts/uploads.js";
import { known, t } from "../../parts/words.js";

const SHOWN_LINES = 3;
const SHOWN_LETTERS = 200;
const MOST_BYTES = 8 << 20;

// Uploads go on while other views are shown.
const uploads = createStore([]);
const finished = createStore(0);
let last = 0;

const change = (id, what) => uploads.set(uploads.get().map((each) => (each.id === id ? { ...each, ...what } : each)));
const leave = (id) => uploads.set(uploads.get().filter((each) => each.id !== id));

// Whoever closes the window is asked whether what is being sent may be lost.
addEventListener("beforeunload", (event) => {
  if (uploads.get().some(({ error }) => !error)) event.preventDefault();
});

// Return the uploads that go on and what starts them; `onDone` is called after each that is read.
export function useUploads({ onDone }) {
  useEffect(() => finished.subscribe(onDone), [onDone]);
  return { shown: useStore(uploads), start };
}

// One file that is read opens, unless another view is shown; of several the list shows all.
function start(files) {
  for (const file of files) {
    const id = (last += 1);
    uploads.set([...uploads.get(), { id, file, opens: files.length === 1 }]);
    send(id);
  }
}

async function send(id) {
  const { file, opens, error: before } = uploads.get().find((each) => each.id === id);
  const controller = new AbortController();
  const { signal } = controller;
  change(id, { error: null, progress: {}, stop: () => controller.abort() });
  try {
    const dataset = await upload(file, { signal, unfinished: before?.fileId, onProgress: (progress) => change(id, { progress }) });
    leave(id);
    toast(t("data.uploaded", { name: file.name }));
    finished.set(finished.get() + 1);
    const { view, path } = route.get();
    if (opens && view === "data" && path.length === 0) navigate(href("data", dataset.file_id));
  } catch (error) {
    if (signal.aborted) leave(id);
    else change(id, { error, excerpt: await excerptOf(file, error) });
  }
}

export function Uploads({ of }) {
  return of.shown.length > 0 && html`<ul class="uploads">
    ${of.shown.map(({ id, file, progress, error, excerpt, stop }) => html`<li key=${id} class="card">
      ${error
        ? html`<${Refused} id=${id} file=${file} error=${error} />
            ${excerpt && html`<${Excerpt} of=${excerpt} />`}`
        : html`<div class="upload">
            <${Progress} share=${progress.share} label=${`${file.name} · ${known(`data.stage.${progress.stage ?? "uploading"}`, progress.stage ?? "")}`} />
            <${Button} kind="quiet" icon="close" label=${t("data.stop", { name: file.name })} onClick=${stop} />
          </div>`}
    </li>`)}
  </ul>`;
}

function Refused({ id, file, error }) {
  const isBroken = error instanceof BrokenOff;
  const close = () => {
    if (isBroken) giveUp(error.fileId);
    leave(id);
  };
  const actions = html`
    <${Button} kind=${isBroken ? "primary" : "secondary"} onClick=${() => send(id)}>${t(isBroken ? "data.goOn" : "common.tryAgain")}<//>
    <${Button} kind="quiet" onClick=${close}>${t(isBroken ? "data.giveUp" : "common.close")}<//>`;
  if (isBroken) return html`<${Notice} kind="warning" title=${t("data.brokenOff", { name: file.name })} actions=${actions}>${t("data.brokenOffNote", { share: share(error.share) })}<//>`;
  return html`<${ErrorPanel} error=${error} title=${t("data.refused", { name: file.name })} actions=${actions} />`;
}

function Excerpt({ of: { first, lines, marked, line: wrong, at } }) {
  return html`<div class="excerpt"><p class="hint">${t("data.excerpt")}</p>
    <${Sideways} class="excerpt-lines" isReached role="group" aria-label=${t("data.excerpt")}><ol start=${first}>${lines.map((line, index) => html`<li class=${marked.has(first + index) ? "marked" : ""}>
      <span class="line-number">${first + index}</span><code><bdi>${first + index === wrong && at !== null ? html`${line.slice(0, at)}<mark>${line.slice(at, at + 1)}</mark>${line.slice(at + 1)}` : line}</bdi></code></li>`)}</ol><//>
  </div>`;
}

// Return the lines of a file around the first one that a refusal names, and the letter in it that is wrong, where one is;
// null where it names no line, or one far behind.
async function excerptOf(file, error) {
  const words = error instanceof Problem ? error.detail : "";
  const marked = new Set(numbersIn(words, /\blines? ([\d,]+)/g));
  const [line] = marked;
  if (!line) return null;
  const bytes = new Uint8Array(await file.slice(0, MOST_BYTES).arrayBuffer());
  const { text, encoding } = decoded(bytes);
  if (text.includes("\u0000")) return null;
  const lines = text.split(/\r\n|\n|\r/);
  if (line > lines.length) return null;
  const at = letterOf(words, bytes, encoding, lines[line - 1]);
  // Of a long line the letters around the wrong one are shown.
  const cut = Math.max(0, (at ?? 0) - SHOWN_LETTERS / 2);
  const first = Math.max(1, line - SHOWN_LINES);
  return { first, marked, line, at: at === null ? null : at - cut, lines: lines.slice(first - 1, line + SHOWN_LINES).map((each) => each.slice(cut, cut + SHOWN_LETTERS)) };
}

const numbersIn = (text, form) => [...text.matchAll(form)].map(([, number]) => Number(number.replaceAll(",", "")));

// Return the place in its line of the byte that a refusal names, or of the quote that is never closed; null for neither.
function letterOf(words, bytes, encoding, line) {
  const [byte] = numbersIn(words, /\bbyte ([\d,]+)/g);
  if (byte === undefined) return /never closed/.test(words) && line.includes('"') ? line.lastIndexOf('"') : null;
  const begin = Math.max(bytes.lastIndexOf(10, byte - 1), bytes.lastIndexOf(13, byte - 1)) + 1;
  return new TextDecoder(encoding).decode(bytes.subarray(begin, byte)).length;
}

// Return the text of bytes, and its encoding: UTF-8 where they are, else the most usual one of another script.
function decoded(bytes) {
  const encoding = isUtf8(new TextDecoder("utf-8").decode(bytes)) ? "utf-8" : "gb18030";
  return { text: new TextDecoder(encoding).decode(bytes), encoding };
}

// Whether a decoded text was UTF-8: most of its letters beyond ASCII are none that stand for broken bytes.
function isUtf8(text) {
  const broken = text.split("\ufffd").length - 1;
  return 2 * broken <= (text.match(/[^\0-\x7f]/g) ?? []).length;
}
