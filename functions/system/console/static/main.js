// Starts the console: the words first, so that nothing is ever shown without them.
import { App } from "./app.js";
import { keepFocus } from "./parts/focus.js";
import { html, render } from "./parts/preact.js";
import { startRouter } from "./parts/router.js";
import { startWords } from "./parts/words.js";

await startWords();
startRouter();
keepFocus(document.getElementById("console"));
render(html`<${App} />`, document.getElementById("console"));
