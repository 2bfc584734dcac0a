/** Prints what Node is started with for a service, in one line: `node-options.ts SERVICE`. */
import { nodeOptions } from "../../cli/src/up/node-options.ts";

process.stdout.write(`${nodeOptions(process.argv[2] ?? "").join(" ")}\n`);
