// Where values are missing, column by column, from the first row to the last.
import { Gaps } from "../../charts/charts.js";
import { Empty } from "../../parts/elements.js";
import { count, share } from "../../parts/format.js";
import { html } from "../../parts/preact.js";
import { t } from "../../parts/words.js";

export function Gapped({ info, profile }) {
  const columns = Object.entries(profile.missingness.columns ?? {}).sort(([one], [other]) => info.missing[other] - info.missing[one]);
  if (columns.length === 0) return html`<${Empty} icon="check" title=${t("data.gaps.none")}>${t("data.gaps.noneNote")}<//>`;
  return html`<p class="note">${t("data.gaps.note")}</p>
    <ul class="gap-list card">
      ${columns.map(([name, shares]) => html`<li>
        <span class="gap-name" title=${name}><bdi>${name}</bdi></span>
        <${Gaps} shares=${shares} words=${t("data.gaps.words", { name, share: share(info.missing[name], info.rows) })} />
        <span class="gap-share">${share(info.missing[name], info.rows)} <span class="muted">${count(info.missing[name])}</span></span>
      </li>`)}
      <li class="gap-ends"><span /><span class="ends"><span>${t("data.gaps.first")}</span><span>${t("data.gaps.last")}</span></span><span /></li>
    </ul>`;
}
