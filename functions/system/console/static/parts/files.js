// Downloads, what the page itself saves, and what it copies.
import { send } from "./api.js";

// Save what a request answers. A file too large for an answer comes from the bucket, which fetch follows to.
export async function download(method, path, options = {}) {
  const answer = await send(method, path, { ...options, headers: { Accept: "*/*", ...options.headers } });
  save(await answer.blob(), nameOf(answer.headers.get("Content-Disposition")) ?? options.filename ?? "download");
}

export function save(blob, filename) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: filename });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// Copy a text that `element` shows. Return false where the browser allows it to nobody; the text is selected there.
export async function copy(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without HTTPS there is no such clipboard, but what is selected can be copied.
    getSelection().selectAllChildren(element);
    return document.execCommand("copy");
  }
}

export function nameOf(disposition) {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition ?? "");
  if (encoded) return decodeURIComponent(encoded[1]);
  return /filename="([^"]*)"/.exec(disposition ?? "")?.[1] ?? null;
}
