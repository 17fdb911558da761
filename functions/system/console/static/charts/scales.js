// From values to pixels, and the round numbers beside an axis.
import { number } from "../parts/format.js";

export function linear([low, high], [from, to]) {
  const range = high - low || 1;
  const scale = (value) => from + ((value - low) / range) * (to - from);
  scale.invert = (pixel) => low + ((pixel - from) / (to - from)) * range;
  scale.domain = [low, high];
  return scale;
}

// Return the words of `show` for marks; where two marks have the same words, numbers with as many digits as tell them apart.
export function tickLabels(marks, show) {
  for (const words of [show, number, ...[6, 8, 12].map((digits) => (value) => number(value, digits))]) {
    const shown = marks.map((mark) => words(mark));
    if (new Set(shown).size === shown.length) return shown;
  }
  return marks.map((mark) => String(mark));
}

// Return about `many` round numbers from `low` to `high`, and never one alone: it would say nothing of the distances.
export function ticks(low, high, many = 5) {
  if (!(Number.isFinite(low) && Number.isFinite(high)) || low === high) return [low];
  const rough = (high - low) / Math.max(1, many);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough * 0.999);
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at += 1) found.push(Number((at * step).toPrecision(12)));
  return found.length < 2 ? ticks(low, high, 2 * many) : found;
}

// Return the least and the greatest number; [0, 1] where there is none. Large arrays do not fit into Math.min(...).
export function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low > high ? [0, 1] : [low, high];
}

// Return the extent with a little room on both sides.
export function roomy(values, room = 0.04) {
  const [low, high] = extent(values);
  const beside = (high - low || Math.abs(high) || 1) * room;
  return [low - beside, high + beside];
}

// Return marks for logarithms (of base 10): those of 1, 2 and 5 times each power of ten, of the powers alone where that is
// enough, and round numbers where fewer than two are in between.
export function logarithmicTicks(from, to, most) {
  const marks = (steps) => {
    const found = [];
    for (let power = Math.floor(from); power <= Math.ceil(to); power += 1) found.push(...steps.map((step) => power + Math.log10(step)));
    return found.filter((mark) => mark >= from && mark <= to);
  };
  const fine = marks([1, 2, 5]);
  if (fine.length < 2) return ticks(10 ** from, 10 ** to, most).map(Math.log10).filter(Number.isFinite);
  return fine.length <= most ? fine : marks([1]);
}
