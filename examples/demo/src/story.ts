import type { Demo } from "./demo.ts";
import type { Screen } from "./screen.ts";
import type { Stage } from "./stage.ts";
import { aliasAndExpression } from "./steps/alias-and-expression.ts";
import { evidence } from "./steps/evidence.ts";
import { guessing } from "./steps/guessing.ts";
import { heldDelete } from "./steps/held-delete.ts";
import { maskedRead } from "./steps/masked-read.ts";
import { refusedDrop } from "./steps/refused-drop.ts";
import { replay } from "./steps/replay.ts";
import { revocation } from "./steps/revocation.ts";
import { token } from "./steps/token.ts";

/** One scene: it shows what it does, and checks that it shows what it should. */
export interface Step<On = Stage> {
  readonly title: string;
  /** What to notice. */
  readonly notice: string;
  run(demo: On, screen: Screen): Promise<void>;
}

export const scenes: readonly Step[] = [
  token,
  maskedRead,
  aliasAndExpression,
  guessing,
  refusedDrop,
  heldDelete,
  revocation,
  replay,
];

/** The last one looks into the archive itself, so it is for who has it at hand. */
export const story: readonly Step<Demo>[] = [...scenes, evidence];

/** A step that throws has failed; the ones after it are still told. */
export async function tell<On>(
  steps: readonly Step<On>[],
  demo: On,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  for (const [index, step] of steps.entries()) {
    if (signal.aborted) return;
    screen.step(index + 1, step.title);
    try {
      await step.run(demo, screen);
    } catch (cause) {
      if (signal.aborted) return;
      screen.check(cause instanceof Error ? cause.message : String(cause), false);
    }
    screen.notice(step.notice);
  }
}
