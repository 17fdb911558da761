// Where values are missing, column by column, from the first row to the last.
import { Gaps } from "../../charts/charts.js";
import { Button, Card, Empty } from "../../parts/elements.js";
import { count, share } from "../../parts/format.js";
import { html, useState } from "../../parts/preact.js";
import { t } from "../../parts/words.js";

const FIRST = 40;

export function Gapped({ info, profile }) {
  const [most, setMost] = useState(FIRST);
  const columns = Object.entries(profile.missingness.columns ?? {}).sort(([one], [other]) => info.missing[other] - info.missing[one]);
  if (columns.length === 0) return html`<${Empty} icon="check" title=${t("data.gaps.none")}>${t("data.gaps.noneNote")}<//>`;
  const noteOf = (many) => `${share(many, info.rows)} · ${t("data.findings.rows", { n: many, count: count(many) })}`;
  const rows = columns.slice(0, most).map(([name, shares]) => ({ label: name, shares, note: noteOf(info.missing[name]) }));
  return html`<p class="note">${t("data.gaps.note")}</p>
    <${Card}><${Gaps} title=${t("data.tab.missing")} name=${`${info.filename} missing`} rows=${rows} ends=${[t("data.gaps.first"), t("data.gaps.last")]} /><//>
    ${columns.length > most && html`<div class="more"><${Button} onClick=${() => setMost(most + 4 * FIRST)}>${t("data.showMore", { n: count(Math.min(4 * FIRST, columns.length - most)) })}<//></div>`}`;
}
