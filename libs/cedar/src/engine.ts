import { hash } from "node:crypto";
import type { Command, Operation, Principal } from "@sallyport/contracts";
import { ipOf } from "./address.ts";
import { builtinReasons, type Answer, type Decision } from "./decision.ts";
import type { PolicyMistake } from "./mistake.ts";
import { Dependencies } from "./dependencies.ts";
import { readPolicies, type PolicyBundle } from "./load.ts";
import { answerOpaque, everythingOn } from "./opaque.ts";
import type { Policy } from "./policy.ts";
import { answer } from "./questions.ts";
import { Remembered } from "./remembered.ts";
import { problemOf } from "./operation-shape.ts";
import { operationText } from "./resource-names.ts";
import { Slices } from "./slices.ts";
import { unite } from "./unite.ts";

/** What of a command is judged. */
export type Asked = Pick<Command, "principal" | "connection" | "address" | "kind" | "operations">;

/**
 * The policies of one bundle, ready to judge. Pure: the time of a judgement is an argument. Answers are remembered
 * by everything that they depend on, in memory that lives and dies with the bundle.
 */
export class Engine {
  readonly policies: readonly Policy[];
  readonly #bundle: PolicyBundle;
  readonly #byId: ReadonlyMap<string, Policy>;
  readonly #slices: Slices;
  readonly #dependencies: Dependencies;
  readonly #decisions = new Remembered<Decision>(20_000);
  readonly #answers = new Remembered<Answer>(20_000);
  readonly #everything = new Map<string, readonly Operation[]>();
  /** Principals by all that is known of them, so that keys stay short. */
  readonly #who = new Remembered<number>(10_000);
  /** Of frozen principals and operations, which stay what they are: what was made of them before. */
  readonly #callers = new WeakMap<Principal, { readonly address: string; readonly who: number }>();
  readonly #asked = new WeakMap<readonly Operation[], string>();
  #nextWho = 0;
  #remembered = 0;

  constructor(bundle: PolicyBundle, policies: readonly Policy[]) {
    this.#bundle = bundle;
    this.policies = policies;
    this.#byId = new Map(policies.map((policy) => [policy.id, policy]));
    this.#slices = new Slices(policies);
    this.#dependencies = new Dependencies(policies);
  }

  /** Names of the bundle's connections. */
  get connections(): ReadonlySet<string> {
    return new Set(Object.keys(this.#bundle.connections));
  }

  policy(id: string): Policy | undefined {
    return this.#byId.get(id);
  }

  /** How many judgements were known already. */
  get remembered(): number {
    return this.#remembered;
  }

  /**
   * Judges a command as of `now`, milliseconds since 1970. A principal or a list of operations that is frozen is taken to
   * be frozen throughout.
   */
  judge(asked: Asked, now: number): Decision {
    const who = this.#whoIs(asked.principal, asked.address);
    const takesHolds = asked.kind !== "prepare";
    const key = `${who} ${asked.connection} ${takesHolds} ${this.#keyOf(asked.operations)}`;
    const known = this.#decisions.get(key);
    if (known) {
      this.#remembered += 1;
      return known;
    }
    const answers = asked.operations.map((operation) => {
      const found = this.#answer(asked, operation, who, now);
      return takesHolds && operation.planned !== true ? found : { ...found, holds: [] };
    });
    const decision = unite(answers);
    if (answers.every(({ lasting }) => lasting)) this.#decisions.set(key, decision);
    return decision;
  }

  #answer(asked: Asked, operation: Operation, who: number, now: number): Answer {
    if (operation.action === "opaque") {
      const problem = problemOf(operation, asked.connection);
      return problem === undefined
        ? this.#opaque(asked, operation, who, now)
        : refused(operation, problem);
    }
    const found = this.#ask(asked, operation, who, now);
    // A function that nobody spoke of could do anything; one that a policy forbids is forbidden.
    return operation.action === "execute" && found.unpermitted
      ? this.#opaque(asked, operation, who, now)
      : found;
  }

  #opaque(asked: Asked, operation: Operation, who: number, now: number): Answer {
    let everything = this.#everything.get(asked.connection);
    if (!everything) {
      const columns = this.#bundle.connections[asked.connection]?.columns ?? {};
      everything = everythingOn(asked.connection, columns, this.policies);
      this.#everything.set(asked.connection, everything);
    }
    const [first, ...rest] = everything.map((each) => () => this.#ask(asked, each, who, now));
    const itself = first?.();
    const answers = itself?.allowed
      ? [itself, ...rest.map((ask) => ask())]
      : itself
        ? [itself]
        : [];
    return answerOpaque(operation, answers);
  }

  #ask(asked: Asked, operation: Operation, who: number, now: number): Answer {
    const connection = this.#bundle.connections[asked.connection];
    const ip = ipOf(asked.address);
    if (!connection) return refused(operation, `there is no connection \`${asked.connection}\``);
    if (ip === null) return refused(operation, `\`${asked.address}\` is no IP address`);
    const problem = problemOf(operation, asked.connection);
    if (problem !== undefined) return refused(operation, problem);
    const { resource, action } = operation;
    const tags =
      (resource.type === "Column" &&
        connection.columns[resource.id.slice(asked.connection.length + 1)]) ||
      [];
    const key = `${who} ${asked.connection} ${this.#dependencies.ofOperation(operation, tags)}`;
    const known = this.#answers.get(key);
    if (known) return known.operation === operation ? known : asAnswerTo(operation, known);
    const found = answer(
      {
        principal: asked.principal,
        connection: { name: asked.connection, tags: connection.tags },
        operation,
        tags,
        ip,
        now,
      },
      this.#slices.of(who, asked.principal, action, asked.connection),
      (id) => this.#byId.get(id),
    );
    if (found.lasting) this.#answers.set(key, found);
    return found;
  }

  /** A number for everything of a principal and its call that an answer can depend on, but the time. */
  #whoIs(principal: Principal, address: string): number {
    const caller = this.#callers.get(principal);
    if (caller?.address === address) return caller.who;
    const key = this.#dependencies.ofPrincipal(principal, ipOf(address));
    let who = this.#who.get(key);
    if (who === undefined) this.#who.set(key, (who = ++this.#nextWho));
    if (Object.isFrozen(principal)) this.#callers.set(principal, { address, who });
    return who;
  }

  #keyOf(operations: readonly Operation[]): string {
    const known = this.#asked.get(operations);
    if (known !== undefined) return known;
    const key = hash("sha256", JSON.stringify(operations), "base64");
    if (Object.isFrozen(operations)) this.#asked.set(operations, key);
    return key;
  }
}

/** An engine, or everything that is wrong with the bundle's policies. */
export type Loaded = { readonly engine: Engine } | { readonly mistakes: readonly PolicyMistake[] };

export function loadBundle(bundle: PolicyBundle): Loaded {
  const { policies, mistakes } = readPolicies(bundle);
  return mistakes.length > 0 ? { mistakes } : { engine: new Engine(bundle, policies) };
}

/** The answer that was given to an operation which no policy can tell from this one. */
const asAnswerTo = (operation: Operation, known: Answer): Answer => ({
  ...known,
  operation,
  reasons: known.reasons.map((reason) => ({ ...reason, operation: operationText(operation) })),
});

const refused = (operation: Operation, reason: string): Answer => ({
  operation,
  allowed: false,
  unpermitted: false,
  opaque: false,
  reasons: [{ policy: builtinReasons.error, reason, operation: operationText(operation) }],
  masks: [],
  holds: [],
  policies: [builtinReasons.error],
  shadow: [],
  lasting: true,
});
