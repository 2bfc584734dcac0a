import { createUser } from "@nats-io/nkeys";
import { describe, expect, test } from "vitest";
import { busUser, type Role } from "./credentials.ts";
import { permissionsOf } from "./permissions.ts";
import { natsServerConfig } from "./server-config.ts";

const user = (role: Role, name: string, partition = 0) => ({ role, user: name, partition });

describe("with several partitions", () => {
  test("a worker writes in its own only", () => {
    const { publish, subscribe } = permissionsOf(user("worker", "w2", 1), 2);
    expect(publish.filter((subject) => subject.startsWith("sp."))).toEqual([
      "sp.rec.1.w2.command",
      "sp.rec.1.w2.event",
      "sp.out.1.w2",
      "sp.authn.verify",
      "sp.policy.release.w2",
      "sp.cancel",
    ]);
    expect(publish).toContain("$JS.API.STREAM.INFO.RECORD_1");
    expect(publish.join()).not.toContain("RECORD_0");
    expect(subscribe).toContain("sp.rec.1.w2.verdict");
  });

  test("a recorder reads and purges every one, approval reads every output", () => {
    const recorder = permissionsOf(user("recorder", "recorder"), 3).publish;
    for (const stream of ["RECORD_0", "RECORD_2", "OUTPUT_1"])
      expect(recorder).toContain(`$JS.API.STREAM.PURGE.${stream}`);
    expect(recorder).not.toContain("$JS.API.STREAM.PURGE.RECORD_3");
    const approval = permissionsOf(user("approval", "approval"), 2).publish;
    expect(approval).toContain("$JS.API.DIRECT.GET.OUTPUT_1");
    expect(approval.join()).not.toContain("RECORD");
  });

  test("only setup may do everything, and only a recorder may purge", () => {
    for (const role of ["worker", "policy", "approval", "authn", "operator", "witness"] as const) {
      const { publish } = permissionsOf(user(role, role === "worker" ? "w1" : role), 2);
      expect(publish.join()).not.toMatch(/PURGE|DELETE|UPDATE|STREAM\.CREATE|MSG\.GET/);
      expect(publish).not.toContain(">");
    }
  });
});

test("the configuration names public keys, never seeds, and syncs always when asked to", () => {
  const seed = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
  const users = [busUser({ v: 1, role: "policy", user: "policy", partition: 0, seed })];
  const text = natsServerConfig({
    users,
    port: 4222,
    storeDirectory: '/a "b"',
    durability: "fsync",
    monitoring: { host: "127.0.0.1", port: 8222 },
    logFile: "/a b/nats.log",
  });
  expect(text).toContain(users[0]?.publicKey);
  expect(text).not.toContain(seed);
  expect(text).toContain('store_dir: "/a \\"b\\""');
  expect(text).toContain("sync_interval: always");
  expect(text).toContain('http: "127.0.0.1:8222"');
  expect(text).toMatch(
    /log_file: "\/a b\/nats\.log"\nlogfile_size_limit: 10MB\nlogfile_max_num: 5\n/,
  );
  expect(natsServerConfig({ users, port: 1 })).not.toMatch(/sync_interval|store_dir|http:|log/);
});

test("the witness is a user of the system account, and only it is", () => {
  const users = (["operator", "witness"] as const).map((role) =>
    busUser({
      v: 1,
      role,
      user: role,
      partition: 0,
      seed: Buffer.from(createUser().getSeed()).toString(),
    }),
  );
  const [main = "", system = ""] = natsServerConfig({ users, port: 1 }).split("accounts:");
  expect(main).toContain(users[0]?.publicKey);
  expect(main).not.toContain(users[1]?.publicKey);
  expect(system).toContain(users[1]?.publicKey);
  expect(system).not.toContain(users[0]?.publicKey);
  expect(natsServerConfig({ users: users.slice(0, 1), port: 1 })).not.toContain("$SYS");
});
