import type { Bind, FrontendMessage } from "@sallyport/pgwire";

/** A prepared statement of the protocol. */
export interface Prepared {
  readonly name: string;
  /** Null: the name was not prepared through the protocol, what it stands for is unknown. */
  readonly text: string | null;
  /** OIDs that the client gave, 0 or missing where the target infers them. */
  readonly types: readonly number[];
  /** Something ran since that may have put another statement under this name. */
  doubtful: boolean;
}

/** A portal. `bind` is null when something else than our Bind opened it. */
export interface Portal {
  readonly name: string;
  readonly statement: Prepared | null;
  readonly bind: Bind | null;
  /** In which segment between two Syncs it was opened. */
  readonly segment: number;
  /** What names meant when its Bind was judged: its plan is fixed from then on. */
  bound?: { readonly catalog: object; readonly names: object };
}

/** One message of a unit, with what its names meant when it was read. */
export interface Step {
  readonly message: FrontendMessage;
  readonly frame: Buffer;
  readonly prepared?: Prepared;
  readonly portal?: Portal;
}

/** What is judged as one (design §2), or passes unjudged because it can do nothing by itself. */
export type Unit =
  | {
      readonly kind: "command";
      readonly commandKind: "simple" | "execute" | "prepare" | "function-call";
      readonly steps: readonly Step[];
      /** The portal that is executed. */
      readonly portal?: Portal;
    }
  | { readonly kind: "sync" | "flush" | "terminate" }
  | { readonly kind: "close"; readonly step: Step };

/** What the target would say to a name it does not know. */
export class NameError extends Error {
  readonly sqlstate: string;
  constructor(sqlstate: string, message: string) {
    super(message);
    this.sqlstate = sqlstate;
  }
}

const mostTexts = 64 * 1024 * 1024;

/**
 * Client messages → units, in order; and the names of prepared statements and portals that they use.
 * Parse, Bind and Describe wait for the Execute, Sync or Flush that says what they belong to.
 */
export class Statements {
  readonly #prepared = new Map<string, Prepared>();
  readonly #portals = new Map<string, Portal>();
  #pending: Step[] = [];
  #texts = 0;
  #segment = 1;

  /** @throws NameError; the caller answers it and skips to the next Sync. */
  accept(message: FrontendMessage, frame: Buffer): Unit[] {
    switch (message.kind) {
      case "query": {
        // A simple query drops the unnamed statement and portal (PostgreSQL 18, 54.2.3).
        const units = this.#flushPending();
        this.#segment += 1;
        this.#forgetPrepared("");
        this.#portals.delete("");
        return [...units, { kind: "command", commandKind: "simple", steps: [{ message, frame }] }];
      }
      case "function-call":
        this.#segment += 1;
        return [
          ...this.#flushPending(),
          { kind: "command", commandKind: "function-call", steps: [{ message, frame }] },
        ];
      case "parse": {
        const { statement: name, text, types } = message;
        if (name !== "" && this.#prepared.has(name))
          throw new NameError("42P05", `prepared statement "${name}" already exists`);
        this.#forgetPrepared(name);
        this.#texts += text.length;
        if (this.#texts > mostTexts)
          throw new NameError("53400", "too much text in prepared statements of one session");
        const prepared = { name, text, types, doubtful: false };
        this.#prepared.set(name, prepared);
        this.#pending.push({ message, frame, prepared });
        return [];
      }
      case "bind": {
        const statement = this.#statement(message.statement);
        const portal: Portal = {
          name: message.portal,
          statement,
          bind: message,
          segment: this.#segment,
        };
        this.#portals.set(message.portal, portal);
        this.#pending.push({ message, frame, prepared: statement, portal });
        return [];
      }
      case "describe": {
        if (message.of === "statement") {
          const prepared = this.#statement(message.name);
          this.#pending.push({ message, frame, prepared });
        } else this.#pending.push({ message, frame, portal: this.#portal(message.name) });
        return [];
      }
      case "execute": {
        const portal = this.#portal(message.portal);
        const step: Step = { message, frame, portal };
        const together = this.#pending.every(
          (one) =>
            (one.portal === undefined || one.portal === portal) &&
            (one.prepared === undefined || one.prepared === portal.statement),
        );
        const before = together ? [] : this.#flushPending();
        const steps = [...this.#pending, step];
        this.#pending = [];
        return [...before, { kind: "command", commandKind: "execute", steps, portal }];
      }
      case "close": {
        const step: Step = { message, frame };
        if (message.of === "statement") this.#forgetPrepared(message.name);
        else this.#portals.delete(message.name);
        if (this.#pending.length === 0) return [{ kind: "close", step }];
        this.#pending.push(step);
        return [];
      }
      case "sync": {
        const units = this.#flushPending();
        this.#segment += 1;
        return [...units, { kind: "sync" }];
      }
      case "flush":
        return [...this.#flushPending(), { kind: "flush" }];
      case "terminate":
        return [{ kind: "terminate" }];
      case "copy-data":
      case "copy-done":
      case "copy-fail":
        // Outside COPY the server ignores them: a COPY that failed, whose client still sends.
        return [];
    }
  }

  /** What has come and waits is dropped: the client's messages are skipped to the next Sync. */
  abandon(): void {
    for (const { message, prepared } of this.#pending)
      if (message.kind === "parse" && prepared) this.drop(prepared);
    this.#pending = [];
  }

  /** The target did not make it: an error came instead of its completion. */
  drop(prepared: Prepared): void {
    if (this.#prepared.get(prepared.name) === prepared) this.#forgetPrepared(prepared.name);
  }

  dropPortal(portal: Portal): void {
    if (this.#portals.get(portal.name) === portal) this.#portals.delete(portal.name);
  }

  /** Something ran that may have changed what names stand for. */
  doubt(): void {
    for (const prepared of this.#prepared.values()) prepared.doubtful = true;
  }

  /** Portals live as long as their transaction; `segment` is the last that the target has answered. */
  transactionEnded(segment: number): void {
    for (const portal of this.#portals.values())
      if (portal.segment <= segment) this.#portals.delete(portal.name);
  }

  #flushPending(): Unit[] {
    if (this.#pending.length === 0) return [];
    const steps = this.#pending;
    this.#pending = [];
    return [{ kind: "command", commandKind: "prepare", steps }];
  }

  #statement(name: string): Prepared {
    const known = this.#prepared.get(name);
    if (known) return known;
    if (name === "") throw new NameError("26000", "unnamed prepared statement does not exist");
    return { name, text: null, types: [], doubtful: true };
  }

  #portal(name: string): Portal {
    const known = this.#portals.get(name);
    if (known) return known;
    if (name === "") throw new NameError("34000", 'portal "" does not exist');
    return { name, statement: null, bind: null, segment: this.#segment };
  }

  #forgetPrepared(name: string): void {
    const known = this.#prepared.get(name);
    if (!known) return;
    this.#texts -= known.text?.length ?? 0;
    this.#prepared.delete(name);
  }
}
