import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { configJsonSchema, errorsDocument } from "@sallyport/runtime";
import { makeDashboard } from "./telemetry/make-dashboard.ts";

/** Writes the files that are made from code; tests fail when they are not current. */
const write = (file: string, text: string): void =>
  writeFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), text);

write("docs/errors.md", errorsDocument());
write("docs/sallyport.schema.json", `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
write("infra/telemetry/dashboard.json", `${JSON.stringify(makeDashboard(), null, 2)}\n`);
