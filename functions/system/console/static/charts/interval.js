// An interval on the range of what was seen, which is widened where the interval does not fit in.
import { number } from "../parts/format.js";
import { html } from "../parts/preact.js";
import { Figure } from "./figure.js";
import { extent, linear } from "./scales.js";

const [TOP, BAR, HEIGHT] = [4, 12, 36];

// `words` say both ends; range: { min, max }, or nothing.
export function Interval({ title, name, words, prediction, lower, upper, range }) {
  const ends = extent([lower, upper, prediction, range?.min, range?.max]);
  return html`<${Figure} title=${title} name=${name} words=${words} note=${words}>${(width) => {
    const x = linear(ends, [2, width - 2]);
    return html`<svg width=${width} height=${HEIGHT} viewBox="0 0 ${width} ${HEIGHT}">
      <rect class="ground" width=${width} y=${TOP} height=${BAR} rx="6" />
      <rect class="bar interval-bar" x=${x(lower)} width=${Math.max(4, x(upper) - x(lower))} y=${TOP} height=${BAR} rx="6" />
      <rect class="interval-mark" x=${x(prediction) - 1.5} width="3" y="0" height=${BAR + 2 * TOP} rx="2" />
      <text class="tick" x="0" y=${HEIGHT - 2}>${number(ends[0])}</text>
      <text class="tick" x=${width} y=${HEIGHT - 2} text-anchor="end">${number(ends[1])}</text>
    </svg>`;
  }}<//>`;
}
