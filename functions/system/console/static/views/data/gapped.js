// Where values are missing, column by column, from the first row to the last.
import { Gaps } from "../../charts/charts.js";
import { Button, Empty } from "../../parts/elements.js";
import { count, share, shorten } from "../../parts/format.js";
import { html, useState } from "../../parts/preact.js";
import { t } from "../../parts/words.js";

const FIRST = 40;

export function Gapped({ info, profile }) {
  const [most, setMost] = useState(FIRST);
  const columns = Object.entries(profile.missingness.columns ?? {}).sort(([one], [other]) => info.missing[other] - info.missing[one]);
  if (columns.length === 0) return html`<${Empty} icon="check" title=${t("data.gaps.none")}>${t("data.gaps.noneNote")}<//>`;
  return html`<p class="note">${t("data.gaps.note")}</p>
    <ul class="gap-list card">
      ${columns.slice(0, most).map(([name, shares]) => html`<li>
        <span class="gap-name" title=${name}><bdi>${shorten(name, 26)}</bdi></span>
        <${Gaps} shares=${shares} words=${t("data.gaps.words", { name, share: share(info.missing[name], info.rows) })} />
        <span class="gap-share">${share(info.missing[name], info.rows)}</span>
        <span class="gap-share muted">${t("data.findings.rows", { n: info.missing[name], count: count(info.missing[name]) })}</span>
      </li>`)}
      <li class="gap-ends"><span /><span class="ends"><span>${t("data.gaps.first")}</span><span>${t("data.gaps.last")}</span></span><span /></li>
    </ul>
    ${columns.length > most && html`<div class="more"><${Button} onClick=${() => setMost(most + 4 * FIRST)}>${t("data.showMore", { n: count(Math.min(4 * FIRST, columns.length - most)) })}<//></div>`}`;
}
