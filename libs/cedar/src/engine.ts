import { hash } from "node:crypto";
import type { Command, Operation, Principal } from "@sallyport/contracts";
import { ipOf } from "./address.ts";
import { builtinReasons, type Answer, type Decision } from "./decision.ts";
import type { PolicyMistake } from "./mistake.ts";
import { readPolicies, type PolicyBundle } from "./load.ts";
import { answerOpaque, everythingOn } from "./opaque.ts";
import type { Policy } from "./policy.ts";
import { answer } from "./questions.ts";
import { Remembered } from "./remembered.ts";
import { isOn, operationText } from "./resource-names.ts";
import { takesUse, takesWhere } from "./schema.ts";
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
  readonly #usesAddress: boolean;
  readonly #usesClaims: boolean;
  readonly #decisions = new Remembered<Decision>(20_000);
  readonly #answers = new Remembered<Answer>(20_000);
  readonly #everything = new Map<string, readonly Operation[]>();
  /** Principals by all that is known of them, so that keys stay short. */
  readonly #who = new Remembered<number>(10_000);
  #nextWho = 0;

  constructor(bundle: PolicyBundle, policies: readonly Policy[]) {
    this.#bundle = bundle;
    this.policies = policies;
    this.#byId = new Map(policies.map((policy) => [policy.id, policy]));
    this.#slices = new Slices(policies);
    this.#usesAddress = policies.some(({ context }) => context.has("address"));
    this.#usesClaims = policies.some(({ context }) => context.has("claims"));
  }

  /** Names of the bundle's connections. */
  get connections(): ReadonlySet<string> {
    return new Set(Object.keys(this.#bundle.connections));
  }

  policy(id: string): Policy | undefined {
    return this.#byId.get(id);
  }

  /** Judges a command as of `now`, milliseconds since 1970. */
  judge(asked: Asked, now: number): Decision {
    const who = this.#whoIs(asked.principal, asked.address);
    const takesHolds = asked.kind !== "prepare";
    const key = `${who} ${asked.connection} ${takesHolds} ${hash("sha256", JSON.stringify(asked.operations), "base64")}`;
    const known = this.#decisions.get(key);
    if (known) return known;
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
    const key = `${who} ${asked.connection} ${hash("sha256", JSON.stringify({ ...operation, detail: "" }), "base64")}`;
    const known = this.#answers.get(key);
    if (known) return known.operation === operation ? known : { ...known, operation };
    const connection = this.#bundle.connections[asked.connection];
    const ip = ipOf(asked.address);
    if (!connection) return refused(operation, `there is no connection \`${asked.connection}\``);
    if (ip === null) return refused(operation, `\`${asked.address}\` is no IP address`);
    const problem = problemOf(operation, asked.connection);
    if (problem !== undefined) return refused(operation, problem);
    const { resource, action } = operation;
    const classified =
      resource.type === "Column"
        ? connection.columns[resource.id.slice(asked.connection.length + 1)]
        : undefined;
    const found = answer(
      {
        principal: asked.principal,
        connection: { name: asked.connection, tags: connection.tags },
        operation,
        tags: classified ?? [],
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
    const { kind, id, issuer, subject, groups, owner, delegation, claims } = principal;
    const key = JSON.stringify([
      kind,
      id,
      issuer,
      subject,
      groups,
      owner ?? null,
      delegation,
      this.#usesClaims ? claims : null,
      this.#usesAddress ? address : ipOf(address) === null,
    ]);
    const known = this.#who.get(key);
    if (known !== undefined) return known;
    this.#who.set(key, ++this.#nextWho);
    return this.#nextWho;
  }
}

/** An engine, or everything that is wrong with the bundle's policies. */
export type Loaded = { readonly engine: Engine } | { readonly mistakes: readonly PolicyMistake[] };

export function loadBundle(bundle: PolicyBundle): Loaded {
  const { policies, mistakes } = readPolicies(bundle);
  return mistakes.length > 0 ? { mistakes } : { engine: new Engine(bundle, policies) };
}

/** What is wrong with an operation that a worker states; nothing of the sort is ever permitted. */
function problemOf(operation: Operation, connection: string): string | undefined {
  const { action, resource, use, where } = operation;
  if (![resource, ...(resource.in ?? [])].every((ref) => isOn(connection, ref)))
    return `\`${resource.id}\` is not on \`${connection}\``;
  if (takesUse(action) !== (use !== undefined) || (where !== undefined && !takesWhere(action)))
    return `\`${operationText(operation)}\` is not how that action is asked`;
  return undefined;
}

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
