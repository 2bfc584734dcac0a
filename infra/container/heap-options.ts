/** Prints what Node is started with for a service, in one line: `heap-options.ts SERVICE`. */
import { heapOptions } from "../../cli/src/up/heap-options.ts";

process.stdout.write(`${heapOptions(process.argv[2] ?? "").join(" ")}\n`);
