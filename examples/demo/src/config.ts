import { readFileSync } from "node:fs";
import { parseDocument } from "yaml";
import { fileURLToPath } from "node:url";
import type { DemoFolder } from "./folder.ts";

const source = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

/** Writes the demo's sallyport.yaml with the addresses of its own PostgreSQL and identity provider put in. */
export function writeConfig(
  folder: DemoFolder,
  { issuer, shop }: { issuer: string; shop: { readonly port: number; readonly password: string } },
): string {
  folder.write("shop.password", `${shop.password}\n`);
  const document = parseDocument(readFileSync(source("sallyport.yaml"), "utf8"));
  document.setIn(["identity", "issuers", "corp", "issuer"], issuer);
  document.setIn(["connections", "shop", "target", "port"], shop.port);
  // A file, not a variable of `sally up` alone: `sally doctor` and `policy explain` look at the target, too.
  document.setIn(["connections", "shop", "credentials", "password"], { file: "./shop.password" });
  // Where they lie, so that a policy can be edited there and loaded with `sally apply`.
  document.setIn(["policies"], source("policies"));
  return folder.write("sallyport.yaml", document.toString({ lineWidth: 0 }));
}
