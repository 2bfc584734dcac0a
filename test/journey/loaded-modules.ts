import { appendFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";

/**
 * For `NODE_OPTIONS=--import=…`: writes the URL of every module that the process loads, ES or CommonJS, into a file of
 * its own in the folder that `LOADED_MODULES` names; the first line is the process's command.
 */
const directory = process.env["LOADED_MODULES"];
if (directory !== undefined) {
  const file = join(directory, `${process.pid}.txt`);
  appendFileSync(file, `${process.argv.join(" ")}\n`);
  registerHooks({
    load(url, context, next) {
      appendFileSync(file, `${url}\n`);
      return next(url, context);
    },
  });
}
