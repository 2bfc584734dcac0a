import { parseArgs } from "node:util";

export interface ServiceArguments {
  readonly config: string;
  readonly data: string;
  /** The worker's name; only the proxy has one. */
  readonly name: string;
}

/** Reads `--config FILE --data DIR [--name w1]` of a service process; throws with the usage line. */
export function serviceArguments(
  argv: readonly string[] = process.argv.slice(2),
): ServiceArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      config: { type: "string" },
      data: { type: "string" },
      name: { type: "string", default: "w1" },
    },
  });
  const { config, data, name } = values;
  if (config === undefined || data === undefined)
    throw new Error("usage: main.ts --config FILE --data DIR [--name w1]");
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name))
    throw new Error(`\`${name}\` is no name such as \`w1\``);
  return { config, data, name };
}
