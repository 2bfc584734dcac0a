import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { catalogue } from "@sallyport/runtime";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (page: string): string => readFileSync(join(root, page), "utf8");
const pages = globSync(["*.md", "docs/**/*.md", "infra/**/*.md"], { cwd: root });

test.each(pages)("%s links only to what is there", (page) => {
  const missing = [...read(page).matchAll(/\]\((?!https?:)([^)#\s]+)/g)]
    .map(([, link = ""]) => link)
    .filter((link) => !existsSync(join(root, dirname(page), link)));
  expect(missing).toEqual([]);
});

test("docs/journey.md names files and codes that exist", () => {
  const journey = read("docs/journey.md");
  const sources = globSync(["services/*/src/**/*.ts", "libs/*/src/**/*.ts"], { cwd: root });
  const files = [...journey.matchAll(/`([\w/-]+\.ts)`/g)].map(([, file = ""]) => file);
  expect(files.filter((file) => !sources.some((source) => source.endsWith(`/${file}`)))).toEqual(
    [],
  );
  const codes = [
    ...journey.matchAll(
      /`((?:bus|beat|hold|policy|record|target|token|verdict|not|origin|handshake|tls)-[a-z-]+)`/g,
    ),
  ];
  expect(codes.length).toBeGreaterThan(10);
  expect(codes.map(([, code = ""]) => code).filter((code) => !(code in catalogue))).toEqual([]);
});
