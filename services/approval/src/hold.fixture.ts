import { createHash } from "node:crypto";
import {
  newCommandId,
  newHoldId,
  newSessionId,
  type Command,
  type Hold,
  type HoldCondition,
  type Principal,
} from "@sallyport/contracts";

/** Holds as policy writes them, for tests. */

export const opened = 1_770_000_000_000;
const ttl = 900_000;
export const holdIds = [newHoldId(), newHoldId()] as const;

type PrincipalOptions = Partial<Pick<Principal, "issuer" | "groups" | "owner" | "delegation">>;

function principal(
  kind: Principal["kind"],
  subject: string,
  { issuer = "corp", groups = [], delegation = [], owner }: PrincipalOptions,
): Principal {
  return {
    id: `${issuer}#${subject}`,
    issuer,
    subject,
    kind,
    groups,
    ...(owner !== undefined && { owner }),
    delegation,
    token: `token-of-${subject}`,
    claims: {},
  };
}

export const aPerson = (subject: string, options: PrincipalOptions = {}): Principal =>
  principal("person", subject, options);

export const aWorkload = (subject: string, options: PrincipalOptions = {}): Principal =>
  principal("workload", subject, options);

export interface HoldOptions {
  readonly principal?: Principal;
  readonly state?: Hold["state"];
  readonly quorum?: number;
  readonly groups?: readonly string[];
  readonly opened?: number;
  readonly ttl?: number;
  readonly id?: Hold["hold"];
  readonly command?: Partial<Command>;
}

export function aCommand(changes: Partial<Command> = {}): Command {
  return {
    v: 1,
    type: "command",
    session: newSessionId(),
    n: 2,
    prev: "0".repeat(64),
    time: opened,
    command: newCommandId(),
    kind: "simple",
    connection: "orders",
    principal: aWorkload("ci"),
    address: "127.0.0.1:50000",
    text: "DELETE FROM customers WHERE id = 7",
    parameters: [],
    operations: [
      { action: "delete", resource: { type: "Table", id: "orders/public.customers" }, where: true },
    ],
    mayWait: true,
    deadline: opened + 2000,
    revision: 1,
    ...changes,
  };
}

export function aHold(options: HoldOptions = {}): Hold {
  const at = options.opened ?? opened;
  const command = aCommand({
    time: at,
    principal: options.principal ?? aWorkload("ci"),
    ...options.command,
  });
  const groups = options.groups ?? ["corp/dba"];
  const conditions: HoldCondition[] = groups.map((group, n) => ({
    policy: `asks-${n}`,
    group,
    quorum: options.quorum ?? 1,
    ttl: options.ttl ?? ttl,
    wait: 300_000,
    reason: "deletes need a second pair of eyes",
  }));
  return {
    v: 1,
    type: "hold",
    hold: options.id ?? holdIds[0],
    key: createHash("sha256").update(command.text).digest("hex"),
    state: options.state ?? "open",
    opened: at,
    expires: at + (options.ttl ?? ttl),
    conditions,
    masks: [],
    command: JSON.stringify(command),
    partition: 0,
    worker: "w1",
    waiting: [],
    approvers: [],
  };
}
