import { qualified, quoteIdent } from "@sallyport/sql";
import type { Proposal } from "./proposal.ts";
import type { SeenColumn } from "./read-target.ts";
import type { TargetAddress } from "./target-address.ts";

export interface Plan {
  readonly connection: string;
  readonly address: TargetAddress;
  readonly issuer: string;
  readonly audience: string;
  /** `corp/developers`. */
  readonly group: string;
  readonly proposals: readonly Proposal[];
  readonly columns: readonly SeenColumn[];
}

/** The account that the gateway logs in with. */
export const roleOf = ({ connection }: Plan): string =>
  `sallyport_${connection.replaceAll("-", "_")}`;

/** The variable that holds its password. */
export const passwordOf = ({ connection }: Plan): string =>
  `${connection.replaceAll("-", "_").toUpperCase()}_PASSWORD`;

/** Path below the folder to content. */
export const writtenFiles = (plan: Plan): ReadonlyMap<string, string> =>
  new Map([
    ["sallyport.yaml", config(plan)],
    [`policies/${plan.connection}.cedar`, policies(plan)],
    [`policies/${plan.connection}.test.yaml`, tests(plan)],
    [`${plan.connection}-grants.sql`, grants(plan)],
  ]);

const quoted = (text: string): string => JSON.stringify(text);

function config(plan: Plan): string {
  const { connection, address, issuer, audience, proposals } = plan;
  const ca =
    address.tls === "verify-full" && address.ca !== undefined ? `, ca: ${quoted(address.ca)}` : "";
  const columns = proposals.map(
    ({ column, tags, confidence, reason }) =>
      `      ${quoted(column)}: [${tags.join(", ")}] # ${Math.round(100 * confidence)} %: ${reason}`,
  );
  return `# Written by \`sally init\`. Look through \`columns\`: what nobody classifies leaves as it is.
identity:
  issuers:
    corp: # principals are corp#…, groups corp/…
      issuer: ${quoted(issuer)}
      audience: ${quoted(audience)}
      kind: { claim: kind, person: [user] } # the other tokens stand for workloads
connections:
  ${connection}:
    protocol: postgres
    target: { host: ${quoted(address.host)}, port: ${address.port}, database: ${quoted(address.database)}, tls: ${address.tls}${ca} }
    credentials: { username: ${roleOf(plan)}, password: { env: ${passwordOf(plan)} } }
${columns.length === 0 ? "    columns: {}" : `    columns:\n${columns.join("\n")}`}
    # detect: { card: partial, secret: redact } # masks these wherever nobody classified a column
policies: ./policies
`;
}

const issuerGroup = (plan: Plan): string => `Group::${quoted(plan.group)}`;

/** Sort to masker, of what is there. */
const masksOf = ({ proposals }: Plan): ReadonlyMap<string, string> =>
  new Map(proposals.map(({ tags, masker }) => [tags[1] ?? "", masker]));

function policies(plan: Plan): string {
  const { connection } = plan;
  const masks = [...masksOf(plan)].map(
    ([sort, masker]) => `
@id("${sort}-is-masked") @mask("${masker}")
forbid (principal, action == Action::"read", resource in Tag::"${sort}")
unless { context.use == "lookup" };
`,
  );
  return `// Written by \`sally init\`: ${plan.group} reads \`${connection}\`, what is classified is masked, nobody writes.
@id("${connection}-is-read")
permit (
  principal in ${issuerGroup(plan)},
  action in [Action::"connect", Action::"read"],
  resource in Connection::"${connection}"
);
${masks.join("")}`;
}

function tests(plan: Plan): string {
  const { connection, proposals, group } = plan;
  const seen = new Set<string>();
  const masked = proposals.flatMap(({ column, tags, masker }) => {
    const sort = tags[1] ?? "";
    if (seen.has(sort)) return [];
    seen.add(sort);
    return [
      `  - name: ${sort} is masked
    principal: member
    connection: ${connection}
    operations: [{ action: read, column: ${quoted(column)}, use: output }]
    expect: { verdict: pass, masks: { ${quoted(column)}: "${masker}" } }
  - name: ${sort} cannot be guessed at
    principal: member
    connection: ${connection}
    operations: [{ action: read, column: ${quoted(column)}, use: predicate }]
    expect: deny
`,
    ];
  });
  const [table] = plan.columns;
  const update = table && quoted(qualified(table.schema, table.table));
  const writes =
    update === undefined
      ? ""
      : `  - name: nobody writes
    principal: member
    connection: ${connection}
    operations: [{ action: update, table: ${update}, where: true }]
    expect: deny
`;
  return `# Written by \`sally init\`; \`sally policy check\` runs these.
principals:
  member: { id: "corp#member", groups: [${quoted(group)}] }
  stranger: { id: "corp#stranger" }
tests:
  - name: a member opens ${connection}
    principal: member
    connection: ${connection}
    kind: connect
    operations: [{ action: connect }]
    expect: allow
  - name: nobody else does
    principal: stranger
    connection: ${connection}
    kind: connect
    operations: [{ action: connect }]
    expect: deny
${masked.join("")}${writes}`;
}

/** What the starter policy needs, and no more. */
function grants(plan: Plan): string {
  const role = quoteIdent(roleOf(plan));
  const tables = new Map<string, Set<string>>();
  for (const { schema, table } of plan.columns)
    tables.set(schema, (tables.get(schema) ?? new Set()).add(qualified(schema, table)));
  const reads = [...tables].map(
    ([schema, names]) => `GRANT USAGE ON SCHEMA ${quoteIdent(schema)} TO ${role};
GRANT SELECT ON ${[...names].join(",\n  ")} TO ${role};
`,
  );
  return `-- Written by \`sally init\`: the account that the gateway logs in with, with what the starter policy needs. Run it
-- in that database, as one who may create roles and owns the tables, with psql; then give it a password of its own:
-- \\password ${role}
CREATE ROLE ${role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT;
GRANT CONNECT ON DATABASE ${quoteIdent(plan.address.database)} TO ${role};
${reads.join("")}-- Policies that permit writing need it too: GRANT INSERT, UPDATE, DELETE ON … TO ${role}, USAGE on sequences.
-- New tables are granted one by one, or with ALTER DEFAULT PRIVILEGES.
`;
}
