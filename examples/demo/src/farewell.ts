import type { Demo } from "./demo.ts";
import type { Screen } from "./screen.ts";

/** Lines to copy, for whoever wants to go on. */
export function farewell(demo: Demo, screen: Screen): void {
  const here = demo.folder.typed;
  const config = `--config ${here}/sallyport.yaml`;
  const sally = "npm run --silent sally --";
  const lines: [what: string, line: string][] = [
    [
      "work as the CI job",
      demo.client.name === "psql"
        ? `( . ${here}/ci-runner.env; psql )`
        : `( . ${here}/ci-runner.env; any PostgreSQL client )`,
    ],
    [
      "have one held",
      demo.client.name === "psql"
        ? `( . ${here}/ci-runner.env; psql -c "DELETE FROM orders WHERE id = 1010" )`
        : "send DELETE FROM orders WHERE id = 1010",
    ],
    ["see what waits", `( . ${here}/alice.env; ${sally} approvals list ${config} )`],
    ["approve it", `( . ${here}/alice.env; ${sally} approvals approve HOLD ${config} )`],
    ["list sessions", `${sally} sessions list ${config}`],
    ["replay one", `${sally} replay SESSION ${config}`],
    [
      "ask a policy why",
      `${sally} policy explain --principal corp#ci-runner --group corp/ci --connection shop --sql "DROP TABLE orders" ${config}`,
    ],
    ["change a policy", `\${EDITOR:-vi} examples/demo/policies/shop.cedar`],
    ["and load it", `${sally} apply ${config}`],
    ["look at its health", `${sally} doctor ${config}`],
    ["read the logs", `tail -f ${here}/sally.log`],
  ];
  screen.title("It stays up. In another terminal, from the project's folder:");
  const width = Math.max(...lines.map(([what]) => what.length));
  for (const [what, line] of lines)
    screen.line(`   ${screen.paint("dim", what.padEnd(width))}  ${line}`);
  screen.line();
  screen.line(`   ${screen.paint("dim", "Ctrl-C ends it and removes what it made.")}`);
}
