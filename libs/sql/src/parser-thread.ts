/** The thread in which long statements are parsed, with a large stack and a fresh instance for each. */
import { parentPort, workerData } from "node:worker_threads";
import { newInstance, type Major, type ParsedText } from "./parser-instance.ts";

export interface ThreadRequest {
  readonly id: number;
  readonly text: string;
}
export interface ThreadAnswer {
  readonly id: number;
  readonly parsed: ParsedText;
}

const { major } = workerData as { readonly major: Major };

async function answer(request: ThreadRequest): Promise<void> {
  let parsed: ParsedText;
  try {
    parsed = (await newInstance(major)).parse(request.text);
  } catch {
    parsed = { kind: "failed", message: "the statement is too deep to be read" };
  }
  parentPort?.postMessage({ id: request.id, parsed } satisfies ThreadAnswer, []);
}

parentPort?.on("message", (request: ThreadRequest) => void answer(request));
