// Where the focus goes once what has it is gone: to the nearest of what stood around it, so that Tab goes on from there.
let [last, around] = [null, []];

export function keepFocus(root) {
  root.addEventListener("focusin", ({ target }) => {
    [last, around] = [target, []];
    for (let each = target.parentElement; each; each = each.parentElement) if (each.hasAttribute("tabindex")) around.push(each);
  });
  const watcher = new MutationObserver(() => {
    if (!last || last.isConnected || document.activeElement !== document.body) return;
    last = null;
    (around.find((each) => each.isConnected) ?? document.getElementById("main"))?.focus({ preventScroll: true });
  });
  watcher.observe(root, { childList: true, subtree: true });
}
