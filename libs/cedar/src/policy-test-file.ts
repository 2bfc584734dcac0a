import {
  Action,
  CommandKind,
  Masker,
  Use,
  type Operation,
  type Principal,
} from "@sallyport/contracts";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import type { PolicyMistake } from "./mistake.ts";

const claim = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]);

/** Who asks, as a token would make them. */
const Caller = z.strictObject({
  id: z.string().regex(/^[^#]+#.+$/, "an id such as `corp#ci-runner`"),
  kind: z.enum(["workload", "person"]).default("workload"),
  groups: z.array(z.string()).default([]),
  owner: z.string().optional(),
  delegation: z.array(z.string()).default([]),
  claims: z.record(z.string(), claim).default({}),
});

/** One operation; without a resource it is on the connection. Names are as in config, without the connection. */
const AskedOperation = z
  .strictObject({
    action: Action,
    schema: z.string().optional(),
    table: z.string().optional(),
    column: z.string().optional(),
    function: z.string().optional(),
    use: Use.optional(),
    where: z.boolean().optional(),
    tags: z.array(z.string()).optional(),
  })
  .refine(
    ({ schema, table, column, function: f }) =>
      [schema, table, column, f].filter((name) => name !== undefined).length <= 1,
    "one resource at most: `schema`, `table`, `column` or `function`",
  );

const Expected = z.union(
  [
    z.enum(["allow", "deny"]),
    z.strictObject({
      verdict: z.enum(["pass", "deny"]),
      /** Policies that must be among those that decided. */
      by: z.array(z.string()).optional(),
      /** Column to masker: all masks and no other. */
      masks: z.record(z.string(), Masker).default({}),
      /** Groups that must answer: all holds and no other. */
      holds: z.array(z.string()).default([]),
    }),
  ],
  "expected `allow`, `deny`, or `{ verdict, by, masks, holds }`",
);

const PolicyTest = z
  .strictObject({
    name: z.string().min(1),
    principal: z.union([z.string(), Caller]),
    connection: z.string(),
    /** A statement's text. */
    command: z.string().optional(),
    operations: z.array(AskedOperation).optional(),
    kind: CommandKind.default("simple"),
    address: z.string().default("127.0.0.1"),
    /** When it is asked; now, when left out. */
    time: z.iso.datetime().optional(),
    expect: Expected,
  })
  .refine(
    ({ command, operations }) => (command === undefined) !== (operations === undefined),
    "one of `command` (a statement) and `operations`",
  );
export type PolicyTest = z.infer<typeof PolicyTest>;

/** Connection to table to column to type: what texts are read against when no target is asked. */
const Tables = z.record(z.string(), z.record(z.string(), z.record(z.string(), z.string())));
export type Tables = z.infer<typeof Tables>;

const PolicyTestFile = z.strictObject({
  principals: z.record(z.string(), Caller).default({}),
  tables: Tables.default({}),
  tests: z.array(PolicyTest).min(1),
});

/** A test with its caller found and its place in the file. */
export interface ReadTest {
  readonly file: string;
  readonly line: number;
  readonly test: PolicyTest;
  readonly principal: Principal;
  readonly tables: Tables[string] | undefined;
}

/** Reads a `*.test.yaml`; all its mistakes at once. */
export function readTestFile(
  file: string,
  text: string,
): { tests: ReadTest[]; mistakes: PolicyMistake[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { version: "1.2", lineCounter: lines, prettyErrors: false });
  const lineOf = (offset: number | undefined): number =>
    offset === undefined ? 1 : lines.linePos(offset).line;
  const lineAtPath = (path: readonly PropertyKey[]): number => {
    for (let depth = path.length; depth >= 0; depth--) {
      const found = document.getIn(path.slice(0, depth), true) as { range?: [number] } | undefined;
      if (found?.range) return lineOf(found.range[0]);
    }
    return 1;
  };
  if (document.errors.length > 0)
    return {
      tests: [],
      mistakes: document.errors.map(({ message, pos }) => ({
        file,
        line: lineOf(pos[0]),
        problem: message,
      })),
    };
  const parsed = PolicyTestFile.safeParse(document.toJS());
  if (!parsed.success)
    return {
      tests: [],
      mistakes: parsed.error.issues.map(({ path, message }) => ({
        file,
        line: lineAtPath(path),
        problem: `\`${path.join(".")}\`: ${message}`,
      })),
    };
  const { principals, tables, tests } = parsed.data;
  const mistakes: PolicyMistake[] = [];
  const read = tests.flatMap((test, index): ReadTest[] => {
    const line = lineAtPath(["tests", index]);
    const { principal } = test;
    const caller = typeof principal === "string" ? principals[principal] : principal;
    if (!caller) {
      const known = Object.keys(principals).join(", ") || "none";
      mistakes.push({
        file,
        line: lineAtPath(["tests", index, "principal"]),
        problem: `\`${test.name}\`: there is no principal \`${JSON.stringify(principal)}\``,
        right: `principals of this file are ${known}`,
      });
      return [];
    }
    return [{ file, line, test, principal: principalOf(caller), tables: tables[test.connection] }];
  });
  return { tests: read, mistakes };
}

function principalOf({ id, owner, ...rest }: z.infer<typeof Caller>): Principal {
  const hash = id.indexOf("#");
  return {
    id,
    issuer: id.slice(0, hash),
    subject: id.slice(hash + 1),
    token: "test",
    ...(owner !== undefined && { owner }),
    ...rest,
  };
}

/** The operations that a test writes out. */
export function operationsOf({ connection, operations = [] }: PolicyTest): Operation[] {
  return operations.map(({ action, schema, table, column, function: f, use, where, tags }) => {
    const on = (type: Operation["resource"]["type"], name: string) => ({
      type,
      id: `${connection}/${name}`,
      ...(tags && { tags }),
    });
    const resource =
      column !== undefined
        ? on("Column", column)
        : table !== undefined
          ? on("Table", table)
          : f !== undefined
            ? on("Function", f)
            : schema !== undefined
              ? on("Schema", schema)
              : ({ type: "Connection", id: connection } as const);
    return {
      action,
      resource,
      ...(use !== undefined && { use }),
      ...(where !== undefined && { where }),
    };
  });
}
