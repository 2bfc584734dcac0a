#!/usr/bin/env node
import { run } from "./app.ts";

// `sally sessions list | head`: whoever reads has had enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

process.exitCode = await run(process.argv.slice(2));
