import { noNames, type Naming } from "@sallyport/sql";
import { describe, expect, test } from "vitest";
import type { Running } from "./running.ts";
import { SqlNames } from "./sql-names.ts";
import type { Prepared } from "./protocol-names.ts";

const prepare = (name: string, size = 0): Naming => ({
  kind: "prepare",
  name,
  prepared: { query: {}, types: [], names: new WeakRef({}), asks: null, size },
});

/** A command whose statements do this, of which so many have completed. */
function running(naming: readonly (readonly Naming[])[], completed: number): Running {
  const judged = { text: "", effects: { naming } };
  return { judged, tags: Array<string>(completed).fill("PREPARE") } as unknown as Running;
}

function after(...commands: readonly Running[]): SqlNames {
  const names = new SqlNames();
  for (const command of commands) {
    names.sent(command);
    names.done(command);
  }
  return names;
}

const known = (names: SqlNames): string[] => [...names.known.prepared.keys()];

describe("what SQL's names stand for", () => {
  test("a PREPARE that completed", () => {
    expect(known(after(running([[prepare("p")]], 1)))).toEqual(["p"]);
  });

  test("not one that failed", () => {
    expect(known(after(running([[prepare("p")]], 0)))).toEqual([]);
  });

  test("of a string, those before the statement that failed", () => {
    const command = running([[prepare("p")], [], [prepare("q")]], 2);
    expect(known(after(command))).toEqual(["p"]);
  });

  test("nothing while a command that changes names is on its way", () => {
    const names = after(running([[prepare("p")]], 1));
    const other = running([[{ kind: "deallocate", name: "x" }]], 1);
    names.sent(other);
    expect(names.known).toBe(noNames);
    names.done(other);
    expect(known(names)).toEqual(["p"]);
  });

  test("nothing after code that was not traced, even when it failed", () => {
    const doubt = running([[{ kind: "doubt" }]], 0);
    expect(known(after(running([[prepare("p")]], 1), doubt))).toEqual([]);
  });

  test("not what the protocol has made since, under the same name", () => {
    const names = after(running([[prepare("p")]], 1));
    names.taken({ name: "p", text: "SELECT 1" } as Prepared);
    expect(known(names)).toEqual([]);
    expect(names.known.complete?.prepared).toBe(true);
  });

  test("nothing once a transaction ends in which code ran that was not traced: more of it may run then", () => {
    const names = after(running([[{ kind: "doubt" }]], 1), running([[prepare("p")]], 1));
    expect(known(names)).toEqual(["p"]);
    expect(names.transactionEnded()).toBe(true);
    expect(known(names)).toEqual([]);
    expect(names.transactionEnded()).toBe(false);
  });

  test("nothing once they hold too much, which counts what is held and not what was", () => {
    const size = 30 * 1024 * 1024;
    const again = Array.from({ length: 10 }, () => running([[prepare("p", size)]], 1));
    expect(known(after(...again))).toEqual(["p"]);
    const more = ["q", "r", "s"].map((name) => running([[prepare(name, size)]], 1));
    const names = after(...again, ...more);
    expect(names.known.complete?.prepared).toBe(false);
    expect(known(names)).not.toContain("p");
  });
});
