#!/usr/bin/env node
import { run } from "./app.ts";

// `npm run sally` goes to the project's root; paths are meant from where it was called.
const { npm_lifecycle_event: script, INIT_CWD: calledIn } = process.env;
if (script === "sally" && calledIn !== undefined) process.chdir(calledIn);

// `sally sessions list | head`: whoever reads has had enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

process.exitCode = await run(process.argv.slice(2));
