// What may be wider than its place: it scrolls sideways, and says at which of its sides there is more.
import { html, useLayoutEffect, useRef, useState } from "./preact.js";

// Layouts round widths.
const SLACK = 2;
// What is brought into sight is not below the mark at the edge.
const BESIDE_EDGE = 40;

// The attributes are those of what scrolls, which is in `of`. With `isReached` the keyboard gets there while there is more. Of
// several parts the one that the selector `current` finds is kept in sight, as often as `place` changes.
export function Sideways({ of, current, place, isReached, class: extra = "", children, ...rest }) {
  const own = useRef(null);
  const element = of ?? own;
  const [more, setMore] = useState("");
  const show = () => {
    const part = current && element.current?.querySelector(current); // an effect may come after its view has gone
    if (part) reveal(element.current, part);
  };
  useLayoutEffect(show, [place]);
  useLayoutEffect(() => {
    const scroller = element.current;
    if (!scroller) return undefined;
    const look = () => {
      const { scrollLeft: before, clientWidth, scrollWidth } = scroller;
      setMore([before > SLACK && "before", before + clientWidth < scrollWidth - SLACK && "after"].filter(Boolean).join(" "));
    };
    const watcher = new ResizeObserver(() => {
      show();
      look();
    });
    [scroller, ...scroller.children].forEach((each) => watcher.observe(each));
    // At once, so that nothing is ever shown without its mark.
    look();
    scroller.addEventListener("scroll", look, { passive: true });
    return () => {
      watcher.disconnect();
      scroller.removeEventListener("scroll", look);
    };
  }, []);
  return html`<div class="sideways" data-more=${more}>
    <div class="scrolled ${extra}" ref=${element} tabindex=${isReached && more ? 0 : undefined} ...${rest}>${children}</div>
  </div>`;
}

// Scroll sideways until a part is in sight, and the page not at all.
function reveal(scroller, part) {
  const [outer, inner] = [scroller, part].map((each) => each.getBoundingClientRect());
  if (inner.left < outer.left + BESIDE_EDGE) scroller.scrollLeft += inner.left - outer.left - BESIDE_EDGE;
  else if (inner.right > outer.right - BESIDE_EDGE) scroller.scrollLeft += inner.right - outer.right + BESIDE_EDGE;
}
