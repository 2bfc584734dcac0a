import { beforeAll, expect, test } from "vitest";
import { toTarget } from "@sallyport/pgwire";
import type { Cluster } from "./cluster.ts";
import { loggedTexts, ran, recordedCommands, times } from "./pipeline-record.ts";
import { extended, gateway, RawClient } from "./raw-client.ts";

const { parse, bind, execute, sync, copyData, copyDone } = toTarget;

const free = ["noter", "maker", "failer", "copier", "mover", "hider", "exchanger"];

/** By client id, as the tests below name them. */
export const opaqueJobs = {
  ...Object.fromEntries(free.map((who) => [who, { groups: ["free"] }])),
  sly: { groups: ["free", "sly"] },
  prober: { groups: ["probers"] },
};

/** Of a number that says so, the trigger does what may give names another meaning. */
export const opaqueSchema = `
CREATE SCHEMA other;
CREATE TABLE noted (id int PRIMARY KEY, note text);
CREATE TABLE other.noted (id int PRIMARY KEY, note text);
CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  CASE NEW.note
    WHEN 'move' THEN PERFORM set_config('search_path', 'other, public', false);
    WHEN 'hide' THEN CREATE TEMP TABLE noted (id int, note text);
    WHEN 'drop' THEN
      DROP TABLE other.noted;
      CREATE TABLE other.noted (id int, note text);
      PERFORM set_config('search_path', 'other, public', false);
      DEALLOCATE note;
      PREPARE note AS INSERT INTO other.noted VALUES ($1, $2 || ' was put elsewhere');
    ELSE NULL;
  END CASE;
  RETURN NEW;
END $$;
CREATE TRIGGER acting BEFORE INSERT ON noted FOR EACH ROW EXECUTE FUNCTION act();
`;

/** Beside one that lets the group `free` do everything. */
export const opaquePolicies = `
@id("probes")
permit (principal in Group::"corp/probers", action in [Action::"connect", Action::"insert"], resource in Connection::"shop");

@id("not-there")
forbid (principal in Group::"corp/sly", action == Action::"insert", resource == Table::"shop/other.noted");
`;

/** Tests of pipelines whose commands cannot be proven from their texts. */
export function opaquePipelines(started: () => Cluster): void {
  let cluster: Cluster;
  beforeAll(() => {
    cluster = started();
  });

  const text = "INSERT INTO noted VALUES ($1, $2)";
  const prepare = parse("note", text);
  const note = (id: number, what = ""): Buffer => {
    const parameters = [Buffer.from(String(id)), Buffer.from(what)];
    return Buffer.concat([bind({ statement: "note", parameters }), execute()]);
  };
  const notes = (from: number, count: number): Buffer[] =>
    Array.from({ length: count }, (_, index) => note(from + index));
  const done = ["bind-complete", "complete INSERT 0 1"];
  const made = ["parse-complete", "bind-complete"];

  test("inserts whose trigger is not followed pass the gates together behind the second", async () => {
    const count = 300;
    {
      await using raw = await RawClient.open(await gateway(cluster, "noter"));
      expect(await raw.ask(prepare, sync)).toEqual(["parse-complete", "ready I"]);
      const said = await raw.ask(...notes(1000, count), sync);
      expect(said).toEqual([...times(count, ...done), "ready I"]);
    }
    const commands = (await recordedCommands(cluster, "noter")).slice(1);
    expect(ran(commands)).toEqual(times(count, text));
    // 64 and one pass together, once the first two have passed; bytes may come in pieces.
    expect(new Set(commands.map(({ seq }) => seq)).size).toBeLessThan(60);
    expect(await loggedTexts(cluster, "INTO noted")).toHaveLength(count);
  });

  test("inserts into a table that was made in the same pipeline pass together", async () => {
    const count = 300;
    const into = "INSERT INTO fresh VALUES ($1)";
    {
      await using raw = await RawClient.open(await gateway(cluster, "maker"));
      const insert = bind({ statement: "fresh", parameters: [Buffer.from("1")] });
      const said = await raw.ask(
        extended("BEGIN"),
        extended("DROP TABLE IF EXISTS fresh"),
        extended("CREATE TABLE fresh (id int)"),
        parse("fresh", into),
        ...Array.from({ length: count }, () => [insert, execute()]).flat(),
        extended("COMMIT"),
        sync,
      );
      expect(said.filter((one) => one.startsWith("complete"))).toEqual([
        "complete BEGIN",
        "complete DROP TABLE",
        "complete CREATE TABLE",
        ...times(count, "complete INSERT 0 1"),
        "complete COMMIT",
      ]);
    }
    const commands = await recordedCommands(cluster, "maker");
    expect(ran(commands).filter((one) => one === into)).toHaveLength(count);
    expect(new Set(commands.map(({ seq }) => seq)).size).toBeLessThan(80);
  });

  test("behind an error among them nothing that was asked ahead is run", async () => {
    {
      await using raw = await RawClient.open(await gateway(cluster, "failer"));
      const said = await raw.ask(
        prepare,
        ...notes(2000, 20),
        note(2000),
        ...notes(2100, 100),
        sync,
        note(2300),
        sync,
      );
      expect(said).toEqual([
        "parse-complete",
        ...times(20, ...done),
        "bind-complete",
        "error 23505",
        "ready I",
        ...done,
        "ready I",
      ]);
    }
    const commands = await recordedCommands(cluster, "failer");
    for (const { outcome, code } of commands.filter((one) => one.outcome !== "executed"))
      expect(["skipped undefined", "not-sent skipped"]).toContain(`${outcome} ${code}`);
    expect(await cluster.truth("SELECT FROM noted WHERE id BETWEEN 2000 AND 2300")).toHaveLength(1);
  });

  test("COPY among them takes its data, none of which is read as a message before that", async () => {
    await using raw = await RawClient.open(await gateway(cluster, "copier"));
    const copy = (id: number) => [
      extended("COPY noted FROM STDIN"),
      copyData(Buffer.from(`${id}\tcopied\n`)),
      copyDone,
    ];
    const said = await raw.ask(
      prepare,
      ...notes(3000, 10),
      ...[3100, 3101, 3102].flatMap(copy),
      ...notes(3200, 10),
      sync,
    );
    expect(said.filter((one) => one.startsWith("complete"))).toEqual([
      ...times(10, "complete INSERT 0 1"),
      ...times(3, "complete COPY 1"),
      ...times(10, "complete INSERT 0 1"),
    ]);
    expect(said.at(-1)).toBe("ready I");
  });

  /** What each command that ran asked, as `action resource`. */
  async function asked(who: string): Promise<string[][]> {
    const { events } = await cluster.recorded(({ principal }) => principal === `corp#${who}`);
    return events.flatMap(({ event }) =>
      event.type === "command" && event.kind === "execute"
        ? [event.operations.map(({ action, resource }) => `${action} ${resource.id}`)]
        : [],
    );
  }

  test.each([
    ["mover", "move", 4000, "insert shop/other.noted"],
    ["hider", "hide", 5000, "opaque shop"],
    ["exchanger", "drop", 6000, "insert shop/other.noted"],
  ])(
    "where one of them gives names another meaning (%s), each asks everything, up to the Sync",
    async (who, how, from, now) => {
      {
        await using raw = await RawClient.open(await gateway(cluster, who));
        const said = await raw.ask(
          prepare,
          ...notes(from, 5),
          sync,
          ...notes(from + 100, 20),
          note(from + 200, how),
          ...notes(from + 300, 20),
          sync,
          extended(`INSERT INTO noted VALUES (${from + 400}, 'behind')`),
          sync,
        );
        expect(said.filter((one) => one.startsWith("error"))).toEqual([]);
      }
      const all = await asked(who);
      expect(all).toHaveLength(47);
      for (const operations of all.slice(6, 46)) expect(operations).toEqual(["opaque shop"]);
      // Behind it that is asked for which the name stands now; a temporary table's triggers are not known.
      expect(all.at(-1)).toEqual([now]);
    },
  );

  test("who may not write where code could move a name is refused what stands behind that code", async () => {
    {
      await using raw = await RawClient.open(await gateway(cluster, "sly"));
      await raw.ask(prepare, sync);
      const moved = await raw.ask(note(7000), note(7001, "move"), ...notes(7100, 50), sync);
      expect(moved).toEqual([...done, "error 42501", "ready I"]);
      const move = extended("INSERT INTO noted VALUES (7200, 'move')");
      const behind = Array.from({ length: 50 }, (_, at) =>
        extended(`INSERT INTO noted VALUES (${7300 + at}, '')`),
      );
      const answers = await raw.ask(move, sync, ...behind, sync);
      // PostgreSQL 18 tells of search_path, too.
      const said = answers.filter((one) => one !== "parameter-status");
      expect(said).toEqual([...made, "complete INSERT 0 1", "ready I", "error 42501", "ready I"]);
    }
    expect((await asked("sly")).length).toBeLessThan(6);
    expect(await cluster.truth("SELECT FROM other.noted WHERE id > 7000")).toEqual([]);
  });

  test("who may not do anything is refused the first of them, and nothing behind it is asked", async () => {
    {
      await using raw = await RawClient.open(await gateway(cluster, "prober"));
      expect(await raw.ask(prepare, ...notes(7000, 50), sync)).toEqual(["error 42501", "ready I"]);
      // What asks nothing passes together as what reads does.
      const said = await raw.ask(...Array.from({ length: 100 }, () => extended("SELECT 1")), sync);
      expect(said).toEqual([...times(100, ...made, "row 1", "complete SELECT 1"), "ready I"]);
    }
    const [first, ...probes] = await recordedCommands(cluster, "prober");
    expect(first).toMatchObject({ text, outcome: "refused-policy" });
    expect(ran(probes)).toHaveLength(100);
    expect(new Set(probes.map(({ seq }) => seq)).size).toBeLessThan(30);
  });
}
