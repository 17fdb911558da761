// The pictures of the console. Each says in words what it shows, and draws with classes of console.css.
import { coefficient, count, number, shorten } from "../parts/format.js";
import { html } from "../parts/preact.js";
import { t } from "../parts/words.js";
import { Axes, Figure } from "./figure.js";
import { extent, linear, logarithmicTicks, roomy, tickLabels, ticks } from "./scales.js";

const MARGIN = { top: 24, right: 12, bottom: 40, left: 56 };
// Between the numbers of an axis and both of its sides.
const BESIDE_NUMBERS = 12;
const MOST_POINTS = 5000;
// The height of a line's name.
const LABEL_PIXELS = 16;
// The width of a name below an axis.
const NAME_PIXELS = 110;
// A picture of a smaller width has names above and not beside.
const NARROW = 480;

// How often values fall into each bin. edges: n + 1 numbers; counts: n.
// ends: what stands at both ends of the axis, where that is not the first and the last edge.
export function Histogram({ title, name, edges, counts, words, height = 132, show = number, ends, plain = false }) {
  const most = Math.max(1, ...counts);
  const [first, last] = ends ?? [show(edges[0]), show(edges.at(-1))];
  const said = words ?? t("charts.histogram", { from: first, to: last });
  return html`<${Figure} title=${plain ? null : title} name=${name} words=${said}>${(width) => {
    const x = linear([edges[0], edges.at(-1)], [0, width]);
    const y = linear([0, most], [height - 20, 4]);
    return html`<svg width=${width} height=${height} viewBox="0 0 ${width} ${height}">
      ${counts.map((found, bin) => html`<rect class="bar" x=${x(edges[bin]) + 0.5} width=${Math.max(1, x(edges[bin + 1]) - x(edges[bin]) - 1)}
        y=${y(found)} height=${height - 20 - y(found)}><title>${`${show(edges[bin])} – ${show(edges[bin + 1])}: ${count(found)}`}</title></rect>`)}
      <line class="axis" x1="0" x2=${width} y1=${height - 20} y2=${height - 20} />
      <text class="tick" x="0" y=${height - 5}>${first}</text>
      <text class="tick" x=${width} y=${height - 5} text-anchor="end">${last}</text>
    </svg>`;
  }}<//>`;
}

// Lengths beside their names. items: [{ label, value, note, kind }]; kind: "positive", "negative", "rest".
export function Bars({ title, name, items, show = number, words, most, labelShare = 0.36, plain = false }) {
  const row = 28;
  const low = Math.min(0, ...items.map(({ value }) => value));
  const high = most ?? Math.max(0, ...items.map(({ value }) => value));
  const said = words ?? items.slice(0, 5).map(({ label, value }) => `${label}: ${show(value)}`).join(", ");
  return html`<${Figure} title=${plain ? null : title} name=${name} words=${said}>${(width) => {
    const shown = toldApart(items.map(({ label }) => String(label)), Math.min(220, width * labelShare) / 7.2);
    const names = 2 + Math.ceil(Math.max(0, ...shown.map(measure)));
    const notes = Math.max(48, ...items.map(({ value, note }) => measure(note ?? show(value)) + 12));
    const x = linear([low, high || 1], [names + 12, width - notes]);
    return html`<svg width=${width} height=${items.length * row} viewBox="0 0 ${width} ${items.length * row}">
      ${low < 0 && html`<line class="axis" x1=${x(0)} x2=${x(0)} y1="0" y2=${items.length * row} />`}
      ${items.map(({ label, value, note, kind = "" }, index) => html`<g>
        <title>${`${label}: ${note ?? show(value)}`}</title>
        <text class="bar-label" x=${names} y=${index * row + row / 2} text-anchor="end" dominant-baseline="central">${shown[index]}</text>
        <rect class="bar ${kind}" x=${Math.min(x(0), x(value))} width=${Math.max(1, Math.abs(x(value) - x(0)))} y=${index * row + 6} height=${row - 12} rx="3" />
        <text class="tick" x=${Math.max(x(0), x(value)) + 8} y=${index * row + row / 2} dominant-baseline="central">${note ?? show(value)}</text>
      </g>`)}
    </svg>`;
  }}<//>`;
}

// Points, such as predicted against actual. points: [[x, y], ...]; `diagonal` draws where both are equal, `zero` where y is 0;
// with `logarithmic` each x is the logarithm (of base 10) of what `showX` shows. With `onPick` one point is in the order of
// Tab, the arrow keys go along the others from left to right, and Enter or a click chooses one. `labels` are read out, and
// `names` stand beside their points where there is room.
export function Scatter({ title, name, points, xLabel, yLabel, diagonal = false, zero = false, logarithmic = false, height = 320, words, showX = number, showY = number, labels, names, onPick, chosen }) {
  const drawn = thin(points);
  const both = diagonal ? roomy(points.flat()) : null;
  const domain = both ?? roomy(points.map(([x]) => x));
  const range = both ?? roomy(zero ? [0, ...points.map(([, y]) => y)] : points.map(([, y]) => y));
  const order = drawn.map((_, index) => index).sort((one, other) => drawn[one][0] - drawn[other][0]);
  const pickable = (index) => ({
    role: "button", tabindex: index === (chosen >= 0 ? chosen : order[0]) ? 0 : -1, "aria-label": labels[index], "aria-pressed": chosen === index ? "true" : "false",
    onClick: () => onPick(index),
    onKeyDown(event) {
      const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, Enter: 0, " ": 0 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const next = order[Math.min(order.length - 1, Math.max(0, order.indexOf(index) + step))];
      onPick(next);
      event.currentTarget.parentNode.querySelectorAll(".point")[next].focus();
    },
  });
  return html`<${Figure} title=${title} name=${name} words=${words ?? t("charts.scatter", { x: xLabel, y: yLabel, n: count(points.length) })}
    interactive=${Boolean(onPick)} note=${drawn.length < points.length ? t("charts.thinned", { shown: count(drawn.length), all: count(points.length) }) : null}>${(width) => {
    const yTicks = ticks(...range, height / 64);
    const margin = { ...MARGIN, left: leftOf(yTicks, showY) };
    const x = linear(domain, [margin.left, width - margin.right]);
    const y = linear(range, [height - margin.bottom, margin.top]);
    const few = labels || drawn.length <= 60;
    const places = names && beside(drawn.map(([a, b]) => [x(a), y(b)]), names, [margin.left, width]);
    const ends = [Math.max(domain[0], range[0]), Math.min(domain[1], range[1])];
    return html`<svg width=${width} height=${height} viewBox="0 0 ${width} ${height}">
      <${Axes} width=${width} height=${height} margin=${margin}
        x=${{ scale: x, ticks: (logarithmic ? logarithmicTicks : ticks)(...domain, width / 110), show: showX, label: xLabel }} y=${{ scale: y, ticks: yTicks, show: showY, label: yLabel }} />
      ${diagonal && html`<line class="reference" x1=${x(ends[0])} y1=${y(ends[0])} x2=${x(ends[1])} y2=${y(ends[1])} />`}
      ${zero && html`<line class="reference" x1=${margin.left} x2=${width - margin.right} y1=${y(0)} y2=${y(0)} />`}
      ${few
        ? drawn.map((point, index) => html`<g class="point ${chosen === index ? "chosen" : ""}" ...${onPick ? pickable(index) : {}}>
            <circle cx=${x(point[0])} cy=${y(point[1])} r="5" />${places?.[index] && html`<text class="point-name" x=${places[index][0]} y=${places[index][1]} dominant-baseline="central">${names[index]}</text>`}<title>${labels?.[index] ?? `${showX(point[0])}, ${showY(point[1])}`}</title></g>`)
        : html`<path class="dots" stroke-opacity=${drawn.length > 1000 ? 0.4 : 0.8} d=${drawn.map(([a, b]) => `M${x(a).toFixed(1)} ${y(b).toFixed(1)}h0`).join("")} />`}
    </svg>`;
  }}<//>`;
}

// Lines over numbers or times. series: [{ name, points: [[x, y], ...], dashed, thin }]; their names stand at their ends.
// xTicks: where names stand below the axis in place of numbers, as many as there is room for.
export function Line({ title, name, series, xLabel, yLabel, height = 240, words, showX = number, showY = number, xTicks, band, marks = false }) {
  const all = series.flatMap(({ points }) => points);
  const domain = extent(all.map(([x]) => x));
  const range = roomy([...all.map(([, y]) => y), ...(band ?? []).flatMap(([, low, high]) => [low, high])]);
  return html`<${Figure} title=${title} name=${name} words=${words ?? t("charts.line", { x: xLabel ?? "", y: yLabel ?? title ?? "" })}>${(width) => {
    const named = series.filter(({ name: label }) => label).length > 1;
    const yTicks = ticks(...range, height / 64);
    const margin = { ...MARGIN, left: leftOf(yTicks, showY), right: named ? Math.min(120, width / 4) : MARGIN.right };
    const x = linear(domain, [margin.left, width - margin.right]);
    const y = linear(range, [height - margin.bottom, margin.top]);
    const labelled = apart(series.map(({ points }) => (points.length ? y(points.at(-1)[1]) : null)));
    return html`<svg width=${width} height=${height} viewBox="0 0 ${width} ${height}">
      <${Axes} width=${width} height=${height} margin=${margin}
        x=${{ scale: x, named: Boolean(xTicks), ticks: xTicks?.filter((_, index) => index % Math.ceil((NAME_PIXELS * xTicks.length) / width) === 0) ?? ticks(...domain, width / 110), show: showX, label: xLabel }} y=${{ scale: y, ticks: yTicks, show: showY, label: yLabel }} />
      ${band && html`<path class="band" d=${`${path(band.map(([a, , high]) => [a, high]), x, y)}L${[...band].reverse().map(([a, low]) => `${x(a)} ${y(low)}`).join("L")}Z`} />`}
      ${series.map(({ name: label, points, dashed, thin: isThin }, index) => html`<g class="series-${isThin || !named ? 0 : index % 6} ${dashed ? "dashed" : ""} ${isThin ? "thin" : ""}">
        <path class="line" d=${path(points, x, y)} />
        ${(marks || points.length === 1) && points.map(([a, b]) => html`<circle class="mark" cx=${x(a)} cy=${y(b)} r="3.5"><title>${`${label ?? ""} ${showX(a)}: ${showY(b)}`}</title></circle>`)}
        ${named && label && points.length > 0 && html`<text class="line-label" x=${width - margin.right + 8} y=${labelled[index]} dominant-baseline="central">${shorten(label, margin.right / 7.5)}</text>`}
      </g>`)}
    </svg>`;
  }}<//>`;
}

// How much names have to do with each other, from -1 to 1. values: rows of numbers or null.
export function Heatmap({ title, name, names, values, show = coefficient, words }) {
  return html`<${Figure} title=${title} name=${name} words=${words ?? title}>${(width) => {
    // The names above are tilted by 60°; the longest says how much room they need, to the right as well.
    const short = toldApart(names, 16);
    const beside = toldApart(names, Math.min(150, width * 0.3) / 7.2);
    const left = 10 + Math.ceil(Math.max(...beside.map(measure)));
    const longest = Math.max(...short.map(measure));
    const [top, beyond] = [12 + Math.round(longest * 0.9), Math.round(longest * 0.5)];
    const cell = Math.max(16, Math.min(60, (width - left - beyond) / names.length));
    const size = top + cell * names.length + 8;
    return html`<svg width=${Math.max(width, Math.ceil(left + cell * names.length + beyond))} height=${size} class="heatmap">
      ${short.map((each, column) => html`<text class="bar-label" transform=${`translate(${left + column * cell + cell / 2} ${top - 6}) rotate(-60)`}>${each}</text>`)}
      ${beside.map((each, row) => html`<text class="bar-label" x=${left - 8} y=${top + row * cell + cell / 2} text-anchor="end" dominant-baseline="central">${each}</text>`)}
      ${values.map((line, row) => line.map((value, column) => html`<g>
        <title>${`${names[row]} × ${names[column]}: ${show(value)}`}</title>
        <rect class="cell ${value < 0 ? "negative" : "positive"} ${value === null ? "none" : ""}" x=${left + column * cell} y=${top + row * cell} width=${cell - 1} height=${cell - 1} rx="2"
          fill-opacity=${value === null ? 0 : Math.max(0.04, Math.abs(value)).toFixed(3)} />
        ${cell >= 34 && value !== null && html`<text class="cell-number ${Math.abs(value) > 0.55 ? "on-strong" : ""}" x=${left + column * cell + cell / 2} y=${top + row * cell + cell / 2} text-anchor="middle" dominant-baseline="central">${show(value)}</text>`}
      </g>`))}
    </svg>`;
  }}<//>`;
}

// Where values are missing: one strip a column, a share for each block of rows. rows: [{ label, shares, note }]; ends: what
// stands below the first and the last block.
export function Gaps({ title, name, rows, ends }) {
  return html`<${Figure} title=${title} name=${name} interactive>${(width) => {
    const isNarrow = width < NARROW;
    const shown = toldApart(rows.map(({ label }) => label), 26);
    const [row, down] = isNarrow ? [46, 20] : [28, 0];
    const room = (texts) => (isNarrow ? 0 : 12 + Math.ceil(Math.max(...texts.map(measure))));
    const [left, right] = [room(shown), width - room(rows.map(({ note }) => note))];
    const height = rows.length * row + 20;
    return html`<svg width=${width} height=${height} viewBox="0 0 ${width} ${height}" class="gaps">
      ${rows.map(({ label, shares, note }, index) => html`<g>
        <title>${`${label}: ${note}`}</title>
        <text class="bar-label" x=${isNarrow ? 0 : left - 12} y=${index * row + 14} text-anchor=${isNarrow ? "start" : "end"} dominant-baseline="central">${shown[index]}</text>
        <rect class="ground" x=${left} y=${index * row + 6 + down} width=${right - left} height="16" rx="3" />
        ${shares.map((value, block) => value > 0 && html`<rect class="gap" x=${left + (block * (right - left)) / shares.length} y=${index * row + 6 + down} width=${(right - left) / shares.length + 0.5} height="16" fill-opacity=${Math.max(0.35, value)} />`)}
        <text class="tick" x=${width} y=${index * row + 14} text-anchor="end" dominant-baseline="central">${note}</text>
      </g>`)}
      <text class="tick" x=${left} y=${height - 4}>${ends[0]}</text>
      <text class="tick" x=${right} y=${height - 4} text-anchor="end">${ends[1]}</text>
    </svg>`;
  }}<//>`;
}

// Return where the name of each point begins: to its right, or to its left; null where another one stands. Higher ones first.
function beside(points, names, [first, last]) {
  const taken = points.map(([x, y]) => [x - 5, x + 5, y]);
  const places = points.map(() => null);
  const order = points.map((_, index) => index).sort((one, other) => points[one][1] - points[other][1]);
  for (const index of order) {
    const [x, y] = points[index];
    const long = measure(names[index]);
    const isFree = ([from, to]) => from >= first && to <= last && taken.every(([left, right, at]) => to < left || from > right || Math.abs(at - y) > 13);
    const found = [[x + 9, x + 9 + long], [x - 9 - long, x - 9]].find(isFree);
    if (!found) continue;
    places[index] = [found[0], y];
    taken.push([...found, y]);
  }
  return places;
}

// Return heights at which names can be read below each other, as near to those of their lines as may be, in their order.
function apart(heights) {
  const places = [...heights];
  const order = heights.flatMap((height, index) => (height === null ? [] : [index])).sort((one, other) => heights[one] - heights[other]);
  order.forEach((index, at) => {
    if (at) places[index] = Math.max(heights[index], places[order[at - 1]] + LABEL_PIXELS);
  });
  return places;
}

// Return how far from the left an axis stands whose numbers fit beside it, with their signs.
const leftOf = (marks, show) => Math.max(MARGIN.left, BESIDE_NUMBERS + Math.ceil(Math.max(0, ...tickLabels(marks, show).map(measure))));

const path = (points, x, y) => points.map(([a, b], index) => `${index ? "L" : "M"}${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join("");

// Of very many points evenly spaced ones are drawn.
function thin(points) {
  if (points.length <= MOST_POINTS) return points;
  const step = points.length / MOST_POINTS;
  return Array.from({ length: MOST_POINTS }, (_, index) => points[Math.floor(index * step)]);
}

// Return texts as `shorten` does; those that would look alike lose what they begin with in common.
function toldApart(texts, most) {
  const cut = texts.map((text) => shorten(text, most));
  const alike = texts.filter((_, index) => cut.indexOf(cut[index]) !== cut.lastIndexOf(cut[index]));
  if (new Set(alike).size < 2) return cut;
  const [first, ...others] = alike.map((text) => [...text]);
  const found = first.findIndex((letter, index) => others.some((other) => other[index] !== letter));
  const start = Math.max(0, Math.min(found < 0 ? first.length : found, ...alike.map((text) => [...text].length - 3)));
  return texts.map((text, index) => (alike.includes(text) ? `…${shorten([...text].slice(start).join(""), most - 1)}` : cut[index]));
}

// The shape of a column's values in a line of text; whoever wants to know more looks at the column itself.
export function Spark({ counts }) {
  const most = Math.max(1, ...counts);
  const step = 72 / counts.length;
  return html`<svg class="spark" width="72" height="28" viewBox="0 0 72 28" aria-hidden="true">
    ${counts.map((found, index) => html`<rect x=${index * step} width=${Math.max(1, step - 1)} y=${27 - (26 * found) / most} height=${(26 * found) / most + 1} />`)}
  </svg>`;
}

// About how many pixels a name takes.
function measure(text) {
  pen ??= document.createElement("canvas").getContext("2d");
  pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  return pen.measureText(text).width;
}

let pen;
