// Uploads that go on: each with its progress, and where it was refused, with the lines that the refusal is about.
import { Problem } from "../../parts/api.js";
import { Button, Progress } from "../../parts/elements.js";
import { ErrorPanel, toast } from "../../parts/feedback.js";
import { upload } from "../../parts/files.js";
import { html, useRef, useState } from "../../parts/preact.js";
import { href, navigate } from "../../parts/router.js";
import { known, t } from "../../parts/words.js";

const SHOWN_LINES = 3;
const SHOWN_BYTES = 1 << 16;

// Return what starts uploads and knows how far they are. One file that is read opens; of several the list shows all.
export function useUploads({ onDone }) {
  const [shown, setShown] = useState([]);
  const last = useRef(0);
  const change = (id, what) => setShown((all) => all.map((each) => (each.id === id ? { ...each, ...what } : each)));
  const leave = (id) => setShown((all) => all.filter((each) => each.id !== id));
  const begin = async (id, file, signal, opens) => {
    try {
      const dataset = await upload(file, { signal, onProgress: (progress) => change(id, { progress }) });
      leave(id);
      toast(t("data.uploaded", { name: file.name }));
      onDone();
      if (opens) navigate(href("data", dataset.file_id));
    } catch (error) {
      if (signal.aborted) leave(id);
      else change(id, { error, excerpt: await excerptOf(file, error) });
    }
  };
  const start = (files) => files.forEach((file) => {
    const id = (last.current += 1);
    const controller = new AbortController();
    const again = () => {
      change(id, { error: null, progress: {} });
      begin(id, file, controller.signal, files.length === 1);
    };
    setShown((all) => [...all, { id, file, progress: {}, stop: () => controller.abort(), again, leave: () => leave(id) }]);
    begin(id, file, controller.signal, files.length === 1);
  });
  return { shown, start };
}

export function Uploads({ of }) {
  return of.shown.length > 0 && html`<ul class="uploads">
    ${of.shown.map(({ id, file, progress, error, excerpt, stop, again, leave }) => html`<li key=${id} class="card">
      ${error
        ? html`<${ErrorPanel} error=${error} title=${t("data.refused", { name: file.name })} actions=${html`
              <${Button} onClick=${again}>${t("common.tryAgain")}<//>
              <${Button} kind="quiet" onClick=${leave}>${t("common.close")}<//>`} />
            ${excerpt && html`<${Excerpt} of=${excerpt} />`}`
        : html`<div class="upload">
            <${Progress} share=${progress.share} label=${`${file.name} · ${known(`data.stage.${progress.stage ?? "uploading"}`, progress.stage ?? "")}`} />
            <${Button} kind="quiet" icon="close" label=${t("data.stop", { name: file.name })} onClick=${stop} />
          </div>`}
    </li>`)}
  </ul>`;
}

function Excerpt({ of: { first, lines, marked } }) {
  return html`<div class="excerpt"><p class="hint">${t("data.excerpt")}</p>
    <ol start=${first}>${lines.map((line, index) => html`<li class=${first + index === marked ? "marked" : ""}>
      <span class="line-number">${first + index}</span><code><bdi>${line.slice(0, 200)}</bdi></code></li>`)}</ol>
  </div>`;
}

// Return the lines of a file around the one that a refusal names; null where it names none, or one far behind.
async function excerptOf(file, error) {
  const line = error instanceof Problem ? Number(/\bline (\d+)/.exec(error.detail)?.[1]) : NaN;
  if (!line) return null;
  const bytes = await file.slice(0, SHOWN_BYTES).arrayBuffer();
  const text = decoded(bytes);
  if (text.includes("\u0000")) return null;
  const lines = text.split(/\r\n|\n|\r/);
  const first = Math.max(1, line - SHOWN_LINES);
  if (line > lines.length) return null;
  return { first, marked: line, lines: lines.slice(first - 1, line + SHOWN_LINES) };
}

function decoded(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return new TextDecoder("gb18030").decode(bytes);
  }
}
