import { publicKeyOf, RecordPublisher, type Bus } from "@sallyport/bus";
import { actLines, newSessionId, newStartId, streams, subjects } from "@sallyport/contracts";
import { CliError } from "./cli-error.ts";
import { operatorName } from "./operator-name.ts";
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
  const by = operatorName();
  const act = {
    session: newSessionId(),
    start: newStartId(),
    number: 1,
    time: Date.now(),
    // As the server sees it, so that this agrees with what authn witnesses.
    address: bus.clientAddress ?? "local",
    client: { operator: by, key: publicKeyOf(bus.credentials) },
    purpose,
    text,
    by,
  };
  for (const line of actLines(act)) lane.event(line);
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
