// Print what Redocly's recommended rules find in a document, as JSON: `node lint.mjs FILE`.
import { createConfig, lint } from "@redocly/openapi-core";

const config = await createConfig({ extends: ["recommended"] });
const findings = await lint({ ref: process.argv[2], config });
const shown = findings.map(({ ruleId, message, location }) => ({ ruleId, message, at: location[0]?.pointer }));
console.log(JSON.stringify(shown));
