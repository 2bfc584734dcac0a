import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { programArguments } from "../infra/program-arguments.ts";

const sections = [
  "throughput",
  "workers",
  "tls",
  "rules",
  "telemetry",
  "rows",
  "copy",
  "log-ins",
  "idle",
  "analysis",
] as const;
export type Section = (typeof sections)[number];

const usage = `usage: npm run bench [-- --quick] [--only SECTION,...] [--json FILE]
  The gateway beside the direct way, PgBouncer and HAProxy: half an hour. Prints tables.
  --quick  less of each: ten minutes
  --only   some of ${sections.join(", ")}
  --json   where the numbers go, by default bench/last-result.json`;

export interface BenchArguments {
  readonly quick: boolean;
  readonly wanted: ReadonlySet<Section>;
  /** The file for the numbers. */
  readonly json: string;
}

export function readBenchArguments(argv: readonly string[]): BenchArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      json: {
        type: "string",
        default: fileURLToPath(new URL("last-result.json", import.meta.url)),
      },
    },
  });
  return {
    quick: values.quick,
    wanted: new Set(values.only?.split(",").map(sectionOf) ?? sections),
    json: values.json,
  };
}

function sectionOf(name: string): Section {
  const section = sections.find((known) => known === name);
  if (section === undefined) throw new Error(`no section \`${name}\``);
  return section;
}

export const benchArguments = (): BenchArguments => programArguments(usage, readBenchArguments);
