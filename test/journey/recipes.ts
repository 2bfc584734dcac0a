import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const page = readFileSync(fileURLToPath(new URL("../../docs/clients.md", import.meta.url)), "utf8");

/** The fenced YAML of docs/clients.md below `**name**`, block by block, up to the next of these. */
export function yamlOf(name: string): unknown[] {
  const [, after = ""] = page.split(`\n**${name}**`);
  const [section = ""] = after.split(/\n\*\*[A-Z]/);
  return [...section.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => parse(text ?? ""));
}

/** What stands in code in the row of this client, in docs/clients.md's own words. */
export function codeOf(client: string): string[] {
  const row = page.split("\n").find((line) => line.startsWith(`| ${client}`));
  const [, , how = ""] = row?.split(" | ") ?? [];
  return [...(row ?? how).matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? "");
}
