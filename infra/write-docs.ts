import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { configJsonSchema, errorsDocument } from "@sallyport/runtime";

/** Writes the pages of docs/ that are made from code; tests fail when they are not current. */
const write = (file: string, text: string): void =>
  writeFileSync(fileURLToPath(new URL(`../docs/${file}`, import.meta.url)), text);

write("errors.md", errorsDocument());
write("sallyport.schema.json", `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
