// The views by their addresses: /console/VIEW/..., and what is behind the question mark.
import { CONSOLE } from "./places.js";
import { createStore } from "./store.js";

function read() {
  const steps = location.pathname.slice(CONSOLE.length).split("/").filter(Boolean).map(decodeURIComponent);
  const [view = "data", ...path] = steps;
  const query = new URLSearchParams(location.search);
  const asked = new URLSearchParams(query);
  for (const name of ["tab", "row"]) asked.delete(name);
  // Tabs of one place, and pages of its rows, share what it has loaded, and keep the focus.
  return { view, path, query, address: location.pathname + location.search, place: `${location.pathname}?${asked}` };
}

export const route = createStore(read());

// Return the address of a view: href("model", "mix", { version: 2 }). Steps and values may be any text.
export function href(view, ...steps) {
  const query = typeof steps.at(-1) === "object" && steps.at(-1) !== null ? steps.pop() : {};
  const path = [view, ...steps.filter((step) => step !== undefined && step !== null)].map(encodeURIComponent).join("/");
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const asked = new URLSearchParams(given).toString();
  return `${CONSOLE}/${path}${asked ? `?${asked}` : ""}`;
}

let moves = 0;

// Whether another view than the first has been shown.
export const hasMoved = () => moves > 0;

// With `stay` the view keeps what it shows and where the focus is, as when a field of it chooses what the address names.
export function navigate(address, { replace = false, stay = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", address);
  moves += 1;
  route.set(stay ? { ...read(), place: route.get().place } : read());
}

function follow(event) {
  const link = event.target.closest?.("a[href]");
  const plain = !(event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  if (!link || !plain || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (link.hash || !(link.pathname === CONSOLE || link.pathname.startsWith(`${CONSOLE}/`))) return;
  event.preventDefault();
  if (link.pathname + link.search !== route.get().address) navigate(link.href);
}

export function startRouter() {
  addEventListener("popstate", () => {
    moves += 1;
    route.set(read());
  });
  document.addEventListener("click", follow);
}
