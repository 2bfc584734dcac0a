import type { Bundle } from "@sallyport/contracts";
import { expect, test } from "vitest";
import { bundleChanges } from "./bundle.ts";

const bundle = (change: Partial<Bundle> = {}): Bundle => ({
  v: 1,
  type: "bundle",
  connections: {
    orders: {
      protocol: "postgres",
      target: { host: "db", port: 5432, database: "orders", tls: "off" },
      credentials: { username: "app" },
      tags: [],
      columns: {},
      record: "rows",
    },
  },
  issuers: ["corp"],
  approvers: { "corp/dba": { members: ["corp#alice"] } },
  baseline: true,
  policies: [{ file: "a.cedar", text: "permit" }],
  applied: { at: 1, by: "me@here", from: "sallyport.yaml" },
  ...change,
});

test("who applied it when is no change, nor is the order of keys", () => {
  const { orders } = bundle().connections;
  const turned = Object.fromEntries(Object.entries(orders ?? {}).toReversed());
  const other = {
    ...bundle({ applied: { at: 2, by: "you@there", from: "x" } }),
    connections: { orders: turned },
  } as unknown as Bundle;
  expect(bundleChanges(bundle(), other)).toEqual([]);
});

test("what came, went and changed is named", () => {
  const { orders } = bundle().connections;
  if (!orders) throw new Error("no connection");
  expect(
    bundleChanges(
      bundle(),
      bundle({
        connections: { billing: orders },
        issuers: ["corp", "lab"],
        approvers: { "corp/dba": { members: [] } },
        baseline: false,
        policies: [{ file: "a.cedar", text: "forbid" }],
      }),
    ),
  ).toEqual([
    "+ issuer lab",
    "+ connection billing",
    "- connection orders",
    "~ approver group corp/dba",
    "~ policy file a.cedar",
    "~ baseline off",
  ]);
});

test("against nothing, everything is new", () => {
  expect(bundleChanges(null, bundle())).toEqual([
    "+ issuer corp",
    "+ connection orders",
    "+ approver group corp/dba",
    "+ policy file a.cedar",
    "+ baseline on",
  ]);
});
