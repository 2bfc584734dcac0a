import { Frontend, type Bind, type FrontendMessage } from "@sallyport/pgwire";
import type { Analysis, Naming } from "@sallyport/sql";

/** A prepared statement of the protocol. */
export interface Prepared {
  readonly name: string;
  /** Null: the name was not prepared through the protocol, what it stands for is unknown. */
  readonly text: string | null;
  /** OIDs that the client gave, 0 or missing where the target infers them. */
  readonly types: readonly number[];
  /** In which segment between two Syncs its Parse came. */
  readonly segment: number;
  /** The target has said ParseComplete. Until then it may keep what the name stood for before. */
  made: boolean;
  /** The target did not make it. */
  gone: boolean;
  /** What the name stands for when this one does not come about. */
  previous: Prepared | null;
  /** Something ran since that may have put another statement under this name. */
  doubtful: boolean;
  /** What it asked when it was judged last, and with which names. */
  judged?: {
    readonly catalog: object;
    readonly names: object;
    readonly analysis: Extract<Analysis, { kind: "analysed" }>;
  };
}

/** A portal. `bind` is null when something else than our Bind opened it. */
export interface Portal {
  readonly name: string;
  readonly statement: Prepared | null;
  readonly bind: Bind | null;
  /** In which segment between two Syncs it was opened. */
  readonly segment: number;
  /** The target has said BindComplete. */
  made: boolean;
  /** Something ran since that may have put another portal under this name. */
  doubtful: boolean;
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
  /** What the target would answer with an error, said by us: it uses a name that cannot be there. */
  | { readonly kind: "misnamed"; readonly sqlstate: string; readonly message: string }
  /** A message that nobody held, because it has more bytes than any may have. */
  | { readonly kind: "too-large"; readonly simple: boolean; readonly size: number }
  | { readonly kind: "close"; readonly step: Step };

export type CommandUnit = Extract<Unit, { kind: "command" }>;

/** What the target would say to a name it does not know. */
class NameError extends Error {
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
  /** Characters, at least as many as are held. */
  #texts = 0;
  #segment = 1;
  /** Names may exist that did not come through the protocol, or that were closed and are still there. */
  #strangers = false;

  /** A message that uses a name which cannot be there becomes a `misnamed`; what follows is skipped to the Sync. */
  accept(message: FrontendMessage, frame: Buffer): Unit[] {
    try {
      return this.#accept(message, frame);
    } catch (cause) {
      if (!(cause instanceof NameError)) throw cause;
      const { sqlstate, message: text } = cause;
      return [...this.#flushPending(), { kind: "misnamed", sqlstate, message: text }];
    }
  }

  /** A message of so many bytes, of which only its type was read. */
  tooLarge(type: number, size: number): Unit[] {
    const units = this.#flushPending();
    const simple = type === Frontend.Query || type === Frontend.FunctionCall;
    if (simple) this.#segment += 1;
    return [...units, { kind: "too-large", simple, size }];
  }

  /**
   * Whether the target has yet to say what a name in it stands for: it was given before the last Sync, and the
   * answer is still to come. A Parse that fails leaves its name to another statement.
   */
  unsettled(message: FrontendMessage): boolean {
    switch (message.kind) {
      case "bind":
        return this.#isUnsettled(this.#prepared.get(message.statement));
      case "execute":
        return this.#isUnsettled(this.#portals.get(message.portal));
      case "describe":
        return this.#isUnsettled(
          message.of === "statement"
            ? this.#prepared.get(message.name)
            : this.#portals.get(message.name),
        );
      default:
        return false;
    }
  }

  #isUnsettled(named: Prepared | Portal | undefined): boolean {
    return named !== undefined && !named.made && named.segment !== this.#segment;
  }

  #accept(message: FrontendMessage, frame: Buffer): Unit[] {
    switch (message.kind) {
      case "query": {
        // A simple query drops the unnamed statement and portal (PostgreSQL 18, 54.2.3).
        const units = this.#flushPending();
        this.#segment += 1;
        this.#prepared.delete("");
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
        // Whether the name is free is the target's to say.
        const previous = this.#prepared.get(name) ?? null;
        this.#texts += text.length;
        if (this.#texts > mostTexts && this.#recount() + text.length > mostTexts)
          throw new NameError("53400", "too much text in prepared statements of one session");
        const segment = this.#segment;
        const prepared: Prepared = {
          name,
          text,
          types,
          segment,
          previous,
          made: false,
          gone: false,
          doubtful: false,
        };
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
          made: false,
          doubtful: false,
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
        if (message.of === "statement") this.#prepared.delete(message.name);
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
    const steps = this.#pending;
    this.#pending = [];
    this.forgo(steps);
  }

  /** Steps that never reach the target, or that it passes over. */
  forgo(steps: readonly Step[]): void {
    for (const { message, prepared, portal } of steps) {
      if (message.kind === "parse" && prepared) this.drop(prepared, false);
      if (message.kind === "bind" && portal) this.dropPortal(portal);
      if (message.kind === "close") this.#strangers = true;
    }
  }

  /** The target has made it. */
  made(one: Prepared | Portal): void {
    one.made = true;
    if ("previous" in one) one.previous = null;
  }

  /** The target did not make it: it `failed`, or was passed over after an error. */
  drop(prepared: Prepared, failed: boolean): void {
    prepared.gone = true;
    // Before it looks at the text, the target lets go of the unnamed statement.
    if (failed && prepared.name === "") prepared.previous = null;
    if (this.#prepared.get(prepared.name) !== prepared) return;
    let left: Prepared | null = prepared;
    while (left?.gone) left = left.previous;
    if (left) this.#prepared.set(left.name, left);
    else this.#prepared.delete(prepared.name);
  }

  dropPortal(portal: Portal): void {
    if (this.#portals.get(portal.name) === portal) this.#portals.delete(portal.name);
    // Under its name, one that was there before may be there still.
    if (portal.name !== "") this.#strangers = true;
  }

  /** A Close was passed over: what it named is still there. */
  notClosed(): void {
    this.#strangers = true;
  }

  /** Something ran that may have changed what names stand for. */
  doubt(): void {
    this.#strangers = true;
    for (const prepared of this.#prepared.values()) prepared.doubtful = true;
    for (const portal of this.#portals.values()) portal.doubtful = true;
  }

  /** SQL gives or takes these names, or may: what the protocol put under them is in doubt. */
  renamed(changes: readonly Naming[]): void {
    for (const change of changes) {
      if (change.kind === "doubt") continue;
      this.#strangers = true;
      const named =
        change.kind === "prepare" || change.kind === "deallocate" ? this.#prepared : this.#portals;
      for (const one of named.values())
        if (change.name === null || change.name === one.name) one.doubtful = true;
    }
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
    if (!this.#strangers)
      throw new NameError("26000", `prepared statement "${name}" does not exist`);
    const unknown = { text: null, types: [], segment: 0, previous: null };
    return { name, ...unknown, made: true, gone: false, doubtful: true };
  }

  #portal(name: string): Portal {
    const known = this.#portals.get(name);
    if (known) return known;
    if (name === "" || !this.#strangers)
      throw new NameError("34000", `portal "${name}" does not exist`);
    return { name, statement: null, bind: null, segment: 0, made: true, doubtful: true };
  }

  /** What was let go of is counted until here. */
  #recount(): number {
    this.#texts = 0;
    for (const one of this.#prepared.values())
      for (let held: Prepared | null = one; held; held = held.previous)
        this.#texts += held.text?.length ?? 0;
    return this.#texts;
  }
}
