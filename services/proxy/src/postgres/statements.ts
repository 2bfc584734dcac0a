import { Frontend, type FrontendMessage } from "@sallyport/pgwire";
import { NameError, type Portal, type Prepared, type ProtocolNames } from "./protocol-names.ts";

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

/** So many messages are judged as one, and one longer message of a kind; what would make it more begins the next, as after a Flush. */
const mostSteps = 64;
/** Bytes; names and values of such a message are few. */
const short = 4096;

/**
 * Client messages → units, in order, each with what its names stand for.
 * Parse, Bind and Describe wait for the Execute, Sync or Flush that says what they belong to.
 */
export class Statements {
  readonly #names: ProtocolNames;
  #pending: Step[] = [];

  constructor(names: ProtocolNames) {
    this.#names = names;
  }

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
    if (simple) this.#names.nextSegment();
    return [...units, { kind: "too-large", simple, size }];
  }

  /**
   * Whether the target has yet to say what a name in it stands for: it was given before the last Sync, and the
   * answer is still to come. A Parse that fails leaves its name to another statement.
   */
  unsettled(message: FrontendMessage): boolean {
    switch (message.kind) {
      case "bind":
        return this.#names.isUnsettled("statement", message.statement);
      case "execute":
        return this.#names.isUnsettled("portal", message.portal);
      case "describe":
        return this.#names.isUnsettled(message.of, message.name);
      default:
        return false;
    }
  }

  /**
   * Whether it stands for the same before and after what is before it has gone to the target, whatever becomes of that,
   * and brings nothing but a command of the extended protocol nearer, or its end.
   */
  isForeseeable(message: FrontendMessage): boolean {
    switch (message.kind) {
      case "parse":
      case "sync":
      case "flush":
        return true;
      case "bind":
        return this.#names.isPrepared(message.statement) && !this.unsettled(message);
      case "execute":
        return this.#names.isOpened(message.portal) && !this.unsettled(message);
      case "describe":
        return message.of === "statement"
          ? this.#names.isPrepared(message.name) && !this.unsettled(message)
          : this.#names.isOpened(message.name) && !this.unsettled(message);
      default:
        return false;
    }
  }

  #accept(message: FrontendMessage, frame: Buffer): Unit[] {
    switch (message.kind) {
      case "query": {
        const units = this.#flushPending();
        this.#names.nextSegment();
        this.#names.dropUnnamed();
        return [...units, { kind: "command", commandKind: "simple", steps: [{ message, frame }] }];
      }
      case "function-call":
        this.#names.nextSegment();
        return [
          ...this.#flushPending(),
          { kind: "command", commandKind: "function-call", steps: [{ message, frame }] },
        ];
      case "parse":
        return this.#wait({ message, frame, prepared: this.#names.prepare(message) });
      case "bind": {
        const prepared = this.#names.statement(message.statement);
        const portal = this.#names.open(message, prepared);
        return this.#wait({ message, frame, prepared, portal });
      }
      case "describe": {
        if (message.of === "statement")
          return this.#wait({ message, frame, prepared: this.#names.statement(message.name) });
        return this.#wait({ message, frame, portal: this.#names.portal(message.name) });
      }
      case "execute": {
        const portal = this.#names.portal(message.portal);
        const before = this.#wait({ message, frame, portal });
        const steps = this.#pending;
        this.#pending = [];
        return [...before, { kind: "command", commandKind: "execute", steps, portal }];
      }
      case "close": {
        const step: Step = { message, frame };
        this.#names.close(message.of, message.name);
        if (!this.#isRoomFor(step)) return [...this.#flushPending(), { kind: "close", step }];
        if (this.#pending.length === 0) return [{ kind: "close", step }];
        this.#pending.push(step);
        return [];
      }
      case "sync": {
        const units = this.#flushPending();
        this.#names.nextSegment();
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
      if (message.kind === "parse" && prepared) this.#names.drop(prepared, false);
      if (message.kind === "bind" && portal) this.#names.dropPortal(portal);
      if (message.kind === "close") this.#names.notClosed();
    }
  }

  /**
   * A step waits for what it belongs to; what waits for something else is a unit by itself: one may fail without the
   * other.
   */
  #wait(step: Step): Unit[] {
    const statement = statementOf(step);
    const together =
      this.#isRoomFor(step) &&
      this.#pending.every((one) => {
        const other = statementOf(one);
        return (
          (one.portal === undefined || step.portal === undefined || one.portal === step.portal) &&
          (other === undefined || statement === undefined || other === statement)
        );
      });
    const before = together ? [] : this.#flushPending();
    this.#pending.push(step);
    return before;
  }

  #isRoomFor({ message: { kind }, frame }: Step): boolean {
    return (
      this.#pending.length < mostSteps &&
      (frame.length <= short ||
        this.#pending.every((one) => one.message.kind !== kind || one.frame.length <= short))
    );
  }

  #flushPending(): Unit[] {
    if (this.#pending.length === 0) return [];
    const steps = this.#pending;
    this.#pending = [];
    return [{ kind: "command", commandKind: "prepare", steps }];
  }
}

/** Null where nobody knows it; undefined for a Close. */
const statementOf = ({ prepared, portal }: Step): Prepared | null | undefined =>
  prepared ?? portal?.statement;
