import type { HoldState } from "@sallyport/contracts";
import { now, type Observation, type Telemetry } from "@sallyport/runtime";
import type { Board, Pinned } from "./board.ts";
import { stateAt, type Held } from "./held.ts";
import type { Notifier } from "./notify/notifier.ts";

/**
 * The wait for people: a span in the trace of the command that opened the hold, from its opening until it is open no
 * more, and how many there are. Holds that were over when the process started are nobody's news.
 */
export function watchHolds(telemetry: Telemetry, board: Board): void {
  const waiting = new Map<string, Held>();
  const look = (): void => {
    const all = new Map(
      [...board.replaced(), ...board.all()].map((pinned) => [pinned.held.hold.hold, pinned]),
    );
    for (const [id, held] of waiting) {
      const found = all.get(held.hold.hold);
      const state = found ? endedAs(found) : "withdrawn";
      if (state === "open") continue;
      waiting.delete(id);
      tell(telemetry, held, state);
    }
    for (const { held, replaced } of all.values())
      if (!replaced && stateAt(held, Date.now()) === "open") waiting.set(held.hold.hold, held);
  };
  board.onChange(look);
  look();
  telemetry.observe("sallyport.holds", () =>
    (["open", "approved"] as const).map((state) => [
      board.all().filter(({ held }) => stateAt(held, Date.now()) === state).length,
      { "sallyport.hold.state": state },
    ]),
  );
  telemetry.observe("sallyport.holds.oldest", () => {
    const opened = board
      .all()
      .filter(({ held }) => stateAt(held, Date.now()) === "open")
      .map(({ held }) => held.hold.opened);
    return opened.length === 0 ? 0 : Math.max(0, (Date.now() - Math.min(...opened)) / 1000);
  });
}

/** How the webhooks are told, each process of its own attempts; what waits is what the bucket says. */
export function watchWebhooks(telemetry: Telemetry, notifier: Notifier): void {
  type Status = Notifier["status"][string];
  const each = (read: (status: Status) => number): Observation[] =>
    Object.entries(notifier.status).map(([webhook, status]) => [
      read(status),
      { "sallyport.webhook": webhook },
    ]);
  telemetry.observe("sallyport.webhooks.attempts", () =>
    Object.entries(notifier.status).flatMap(([webhook, { delivered, failures }]): Observation[] => [
      [delivered, { "sallyport.webhook": webhook, "sallyport.outcome": "delivered" }],
      [failures, { "sallyport.webhook": webhook, "sallyport.outcome": "failed" }],
    ]),
  );
  telemetry.observe("sallyport.webhooks.abandoned", () => each(({ abandoned }) => abandoned));
  telemetry.observe("sallyport.webhooks.undelivered", () => each(({ undelivered }) => undelivered));
  telemetry.observe("sallyport.webhooks.oldest", () =>
    each(({ oldest }) =>
      oldest === null ? 0 : Math.max(0, (Date.now() - Date.parse(oldest)) / 1000),
    ),
  );
}

/** A hold whose place the next one took was used, or nobody waited for it any more. */
const endedAs = ({ held, replaced, answers }: Pinned): HoldState => {
  const state = stateAt(held, Date.now());
  if (!replaced || state !== "open") return state;
  return (answers?.answers.length ?? 0) > 0 ? "used" : "withdrawn";
};

function tell(telemetry: Telemetry, { hold, command }: Held, state: HoldState): void {
  const end = now();
  const labels = { "sallyport.hold.state": state };
  telemetry.measure("sallyport.holds.duration", Math.max(0, end - hold.opened) / 1000, labels);
  telemetry
    .span("approval", {
      parent: command.trace,
      start: Math.min(hold.opened, end),
      attributes: {
        ...labels,
        "sallyport.hold.id": hold.hold,
        "sallyport.command.id": command.command,
        "sallyport.connection": command.connection,
      },
    })
    .end(end);
}
