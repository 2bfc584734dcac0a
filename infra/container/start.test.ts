import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { nodeOptions } from "../../cli/src/up/node-options.ts";

const script = fileURLToPath(new URL("start.sh", import.meta.url));

test.each(["recorder", "proxy"])(
  "the image starts %s with the options that `sally up` gives it",
  (service) => {
    const folder = mkdtempSync(join(tmpdir(), "sallyport-start-"));
    try {
      // Tells what a service would be started with; everything else runs.
      const node = join(folder, "node");
      writeFileSync(
        node,
        `#!/bin/sh\ncase "$*" in *"/services/"*) echo "$@" ;; *) exec "${process.execPath}" "$@" ;; esac\n`,
      );
      chmodSync(node, 0o755);
      const { stdout, stderr } = spawnSync("sh", [script, service, "--name", "w1"], {
        encoding: "utf8",
        env: { ...process.env, PATH: `${folder}${delimiter}${process.env["PATH"]}` },
      });
      expect(stderr).toBe("");
      const words = stdout.trim().split(" ");
      const options = nodeOptions(service);
      expect(words.slice(0, options.length)).toEqual(options);
      expect(words[options.length]).toMatch(new RegExp(`/services/${service}/src/main\\.ts$`));
      expect(words.slice(-2)).toEqual(["--name", "w1"]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
