// Where things are. The console lies below whatever a gateway or a proxy has put in front of the service.
export const ASSETS = new URL("../", import.meta.url).href;
// The address of the API, without a slash at its end.
export const BASE = new URL(ASSETS).pathname.replace(/\/console\/assets\/[^/]+\/$/, "");
export const CONSOLE = `${BASE}/console`;
