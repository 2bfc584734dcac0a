import { RecordPublisher, type Bus } from "@sallyport/bus";
import {
  eventHash,
  newSessionId,
  newStartId,
  streams,
  subjects,
  type WriterEvent,
} from "@sallyport/contracts";
import { operatorName } from "./operator-name.ts";
import { CliError } from "./cli-error.ts";
import { within } from "./within.ts";

/** Milliseconds that the record may take. */
const patience = 5000;

/**
 * Records what an operator does, before it is done: a session of protocol `operator` with one `own` event. `text` is
 * public: what is done to whom, and why.
 */
export async function recordAct(bus: Bus, purpose: string, text: string): Promise<void> {
  const { user, partition } = bus.credentials;
  const publisher = new RecordPublisher(bus);
  const lane = publisher.lane({
    stream: streams.record(partition),
    events: subjects.record(partition, user, "event"),
  });
  for (const line of actLines(purpose, text, operatorName(), Date.now())) lane.event(line);
  try {
    await within(
      patience,
      publisher.drain(),
      () =>
        new CliError("the act could not be recorded, so it was not done", {
          hint: "`sally doctor` looks at the record",
        }),
    );
  } finally {
    publisher.stop();
  }
}

/** `open`, `own`, `close` of a session of its own, each as its line. */
export function actLines(purpose: string, text: string, by: string, time: number): string[] {
  const session = newSessionId();
  const lines: string[] = [];
  let prev: string | null = null;
  const add = (event: (chained: Chained) => WriterEvent): void => {
    const line = JSON.stringify(event({ v: 1, session, n: lines.length + 1, prev, time }));
    prev = eventHash(line);
    lines.push(line);
  };
  add((chained) => ({
    ...chained,
    type: "open",
    start: newStartId(),
    number: 1,
    protocol: "operator",
    connection: "",
    address: "local",
    tls: null,
    client: { operator: by },
  }));
  add((chained) => ({ ...chained, type: "own", purpose, text, by }));
  add((chained) => ({ ...chained, type: "close", count: 3, reason: "done", bytes: 0 }));
  return lines;
}

interface Chained {
  v: 1;
  session: WriterEvent["session"];
  n: number;
  prev: string | null;
  time: number;
}
