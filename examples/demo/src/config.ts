import { readFileSync } from "node:fs";
import { parseDocument } from "yaml";
import { fileURLToPath } from "node:url";
import type { DemoFolder } from "./folder.ts";

const source = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

/** Writes the demo's sallyport.yaml with the addresses of its own PostgreSQL and identity provider put in. */
export function writeConfig(
  folder: DemoFolder,
  { issuer, targetPort }: { issuer: string; targetPort: number },
): string {
  const document = parseDocument(readFileSync(source("sallyport.yaml"), "utf8"));
  document.setIn(["identity", "issuers", "corp", "issuer"], issuer);
  document.setIn(["connections", "shop", "target", "port"], targetPort);
  // Where they lie, so that a policy can be edited there and loaded with `sally apply`.
  document.setIn(["policies"], source("policies"));
  return folder.write("sallyport.yaml", document.toString({ lineWidth: 0 }));
}
