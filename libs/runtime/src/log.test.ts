import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const index = fileURLToPath(new URL("./index.ts", import.meta.url));

/** The log goes to a process's own standard error, so it takes a process to see it. */
function logged(code: string): string {
  const run = spawnSync(
    process.execPath,
    [
      "--input-type=module-typescript",
      "-e",
      `import { openLog, SallyError } from ${JSON.stringify(index)}; const log = openLog("proxy"); ${code}`,
    ],
    { encoding: "utf8" },
  );
  expect(run.status).toBe(0);
  return run.stderr;
}

test("lines are JSON with service, level and time, and hold no secret", () => {
  const text = logged(`
    const jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJjaSJ9.c2lnbmF0dXJl";
    log.info({ token: jwt, a: { password: "hunter2", list: [{ client_secret: "hunter2" }] } }, "one");
    log.warn("the header was Bearer " + jwt);
    log.error({ err: new Error("refused " + jwt, { cause: Object.assign(new Error("inner"), { password: "hunter2" }) }) }, "two");
    log.error({ err: new SallyError("policy-denied", { cause: new Error("why") }) }, "three");
    log.info({ seed: "SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU" }, "four");
  `);
  const lines = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.map(({ level, service }) => [level, service])).toEqual([
    ["info", "proxy"],
    ["warn", "proxy"],
    ["error", "proxy"],
    ["error", "proxy"],
    ["info", "proxy"],
  ]);
  expect(text).not.toMatch(/hunter2|eyJ|SUAML/);
  expect(lines[3]).toMatchObject({
    err: { code: "policy-denied", cause: { message: "why" } },
  });
});
