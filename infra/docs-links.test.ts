import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { catalogue } from "@sallyport/runtime";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (page: string): string => readFileSync(join(root, page), "utf8");
const pages = globSync(["*.md", "docs/**/*.md", "infra/**/*.md", "examples/*/*.md"], { cwd: root });

/** Of a page's headings, as forges make them. */
const anchorsOf = (page: string): string[] =>
  [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

test.each(pages)("%s links only to what is there", (page) => {
  const links = [...read(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
  const missing = links
    .map(
      ([, file = "", anchor]) => [file === "" ? page : join(dirname(page), file), anchor] as const,
    )
    .filter(
      ([file, anchor]) =>
        !existsSync(join(root, file)) ||
        (anchor !== undefined && file.endsWith(".md") && !anchorsOf(file).includes(anchor)),
    );
  expect(missing).toEqual([]);
});

test("each code of the catalogue is said by somebody", () => {
  const sources = globSync(["services/*/src/**/*.ts", "libs/*/src/**/*.ts"], { cwd: root })
    .filter((file) => !file.includes("/catalogue/") && !file.endsWith(".test.ts"))
    .map(read)
    .join("\n");
  expect(Object.keys(catalogue).filter((code) => !sources.includes(`"${code}"`))).toEqual([]);
});

test("docs/operations.md says what each alarm means", () => {
  const raised = globSync(["services/*/src/**/*.ts", "libs/*/src/**/*.ts"], { cwd: root })
    .filter((file) => !/\.(test|fixture)\.ts$/.test(file))
    .flatMap((file) => [...read(file).matchAll(/(?:\.raise|#alarm)\(\s*"([a-z-]+)"/g)])
    .map(([, alarm = ""]) => alarm);
  expect(raised.length).toBeGreaterThan(20);
  const operations = read("docs/operations.md");
  expect(raised.filter((alarm) => !operations.includes(`\`${alarm}\``))).toEqual([]);
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
