import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Screen } from "../../examples/demo/src/screen.ts";
import { scenes, tell } from "../../examples/demo/src/story.ts";
import { Containers } from "./containers.ts";
import { lookInside } from "./look-inside.ts";

/** Plays the demo's story against docker-compose.yml, which runs already: `story.ts POSTGRES_PORT APPROVAL_PORT COMPOSE …`. */
async function main([postgres, approval, ...compose]: readonly string[]): Promise<number> {
  const screen = new Screen();
  const directory = mkdtempSync(join(tmpdir(), "sallyport-compose-"));
  try {
    await using containers = await Containers.find({
      compose,
      ports: { postgres: Number(postgres), approval: Number(approval) },
      directory,
    });
    await tell(scenes, containers, screen, new AbortController().signal);
    screen.title("Inside the containers");
    await lookInside(containers, screen);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  const { checks, failures } = screen;
  screen.title(`${checks - failures.length} of ${checks} checks held`);
  for (const failure of failures) screen.line(`   ✗ ${failure}`);
  return failures.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
