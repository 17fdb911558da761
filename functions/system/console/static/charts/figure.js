// The frame of a picture: its title, what it says in words, and how it is taken along, as SVG or PNG.
import { Button, useWidth } from "../parts/elements.js";
import { toast } from "../parts/feedback.js";
import { save } from "../parts/files.js";
import { html, useEffect, useRef, useState } from "../parts/preact.js";
import { Sideways } from "../parts/sideways.js";
import { t } from "../parts/words.js";
import { tickLabels } from "./scales.js";

const PROPERTIES = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "font-family", "font-size", "font-weight", "text-anchor", "dominant-baseline", "opacity", "vector-effect"];
const PNG_SCALE = 2;

// A picture of a width that fits. `children(width)` returns an `<svg>`; `words` say what it shows. One with a `title` or a `name`
// can be saved. What is in it is read out where it is `interactive`, and else is one picture.
export function Figure({ title, words, name, children, note, interactive = false }) {
  const [element, width] = useWidth();
  return html`<figure class="chart">
    ${title && html`<div class="chart-head"><figcaption title=${title}>${title}</figcaption><${SaveMenu} of=${element} name=${name ?? title} /></div>`}
    ${!title && name && html`<div class="chart-menu"><${SaveMenu} of=${element} name=${name} /></div>`}
    <${Sideways} class="chart-body" of=${element} isReached=${!interactive} role=${interactive ? "group" : "img"} aria-label=${words ?? title}>${children(width)}<//>
    ${note && html`<p class="hint">${note}</p>`}
  </figure>`;
}

function SaveMenu({ of, name }) {
  const [open, setOpen] = useState(false);
  const menu = useRef(null);
  useEffect(() => {
    if (!open) return undefined;
    const leave = (event) => (event.key === "Escape" || (event.type === "pointerdown" && !menu.current.contains(event.target))) && setOpen(false);
    addEventListener("keydown", leave);
    addEventListener("pointerdown", leave);
    return () => {
      removeEventListener("keydown", leave);
      removeEventListener("pointerdown", leave);
    };
  }, [open]);
  const take = async (how) => {
    setOpen(false);
    try {
      await how(of.current.querySelector("svg"), fileName(name));
    } catch {
      toast(t("charts.notSaved"), { kind: "error" });
    }
  };
  return html`<div class="menu" ref=${menu}>
    <${Button} kind="quiet" icon="download" label=${t("charts.save", { name })} aria-expanded=${open ? "true" : "false"} onClick=${() => setOpen(!open)} />
    ${open && html`<div class="menu-items">
      <button type="button" onClick=${() => take(saveSvg)}>SVG</button><button type="button" onClick=${() => take(savePng)}>PNG</button>
    </div>`}
  </div>`;
}

const fileName = (name) => String(name).replace(/[\\/:*?"<>|\u0000-\u001f]+/g, "_").slice(0, 80) || "chart";

// Return the text of a picture that stands alone: what style sheets say of it is written into it.
export function standalone(svg) {
  const copy = svg.cloneNode(true);
  const originals = [svg, ...svg.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((element, index) => {
    const style = getComputedStyle(originals[index]);
    for (const property of PROPERTIES) if (style.getPropertyValue(property)) element.setAttribute(property, style.getPropertyValue(property));
  });
  const { width, height } = svg.getBoundingClientRect();
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  ground.setAttribute("width", "100%");
  ground.setAttribute("height", "100%");
  ground.setAttribute("fill", getComputedStyle(svg.closest(".card") ?? document.body).backgroundColor);
  copy.prepend(ground);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", Math.round(width));
  copy.setAttribute("height", Math.round(height));
  return { text: new XMLSerializer().serializeToString(copy), width, height };
}

export function saveSvg(svg, name) {
  save(new Blob([standalone(svg).text], { type: "image/svg+xml" }), `${name}.svg`);
}

export async function savePng(svg, name) {
  const { text, width, height } = standalone(svg);
  const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: width * PNG_SCALE, height: height * PNG_SCALE });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(url);
  save(await new Promise((done) => canvas.toBlob(done, "image/png")), `${name}.png`);
}

// The lines and numbers of both axes. x and y: { scale, ticks, show, label, named }; names may be alike, numbers are told apart.
export function Axes({ width, height, margin, x, y }) {
  const [left, right, top, bottom] = [margin.left, width - margin.right, margin.top, height - margin.bottom];
  const [xLabels, yLabels] = [x, y].map((axis) => (axis?.named ? axis.ticks.map(axis.show) : tickLabels(axis?.ticks ?? [], axis?.show ?? String)));
  return html`<g class="axes">
    ${y?.ticks?.map((tick, index) => html`<line class="grid" x1=${left} x2=${right} y1=${y.scale(tick)} y2=${y.scale(tick)} />
      <text class="tick" x=${left - 8} y=${y.scale(tick)} text-anchor="end" dominant-baseline="middle">${yLabels[index]}</text>`)}
    <line class="axis" x1=${left} x2=${right} y1=${bottom} y2=${bottom} />
    ${x?.ticks?.map((tick, index, all) => html`<text class="tick" x=${x.scale(tick)} y=${bottom + 18} text-anchor=${anchor(x.scale(tick), left, right, index, all.length)}>${xLabels[index]}</text>`)}
    ${x?.label && html`<text class="axis-label" x=${(left + right) / 2} y=${height - 4} text-anchor="middle">${x.label}</text>`}
    ${y?.label && html`<text class="axis-label" x=${4} y=${12}>${y.label}</text>`}
  </g>`;
}

// A number at the end of an axis stays within the picture.
function anchor(at, left, right, index, many) {
  if (index === 0 && at - left < 16) return "start";
  return index === many - 1 && right - at < 16 ? "end" : "middle";
}
