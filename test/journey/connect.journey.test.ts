import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  hasPsql,
  runSally,
  sallyMain,
  startIssuer,
  waitFor,
  type SallyResult,
} from "@sallyport/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster, type Cluster } from "./cluster.ts";

let cluster: Cluster;
let directory: string;
let tokenFile: string;

beforeAll(async () => {
  // What a client leaves behind shows in a folder of its own.
  directory = await mkdtemp(join(tmpdir(), "sallyport-connect-"));
  await chmod(directory, 0o700);
  cluster = await startCluster();
  tokenFile = join(directory, "token");
});
afterAll(async () => {
  await cluster?.stop();
  await rm(directory, { recursive: true, force: true });
});

const freshToken = async (who = "ci-runner"): Promise<string> => {
  const token = await cluster.token(who);
  await writeFile(tokenFile, token);
  return token;
};

/** `sally connect shop … -- client`, on the machine of a client: without the gateway's config. */
async function connect(
  client: readonly string[],
  options: readonly string[] = ["--token-file", tokenFile],
  env: Record<string, string> = {},
): Promise<SallyResult> {
  const { PGHOST = "", PGPORT = "", PGSSLROOTCERT = "" } = await cluster.env("ci-runner", "none");
  const where = ["--gateway", `${PGHOST}:${PGPORT}`, "--ca", PGSSLROOTCERT];
  return runSally(["connect", ...where, ...options, "shop", "--", ...client], {
    env: {
      XDG_RUNTIME_DIR: directory,
      SALLY_AUTHN: `http://${cluster.up.listen["authn"]}`,
      ...env,
    },
    cwd: directory,
  });
}

const script = (text: string): string[] => [process.execPath, "-e", text];
const leftBehind = async (): Promise<string[]> =>
  (await readdir(directory)).filter((name) => name.startsWith("sally-"));

describe.skipIf(!hasPsql())("psql", () => {
  test("with a token file", async () => {
    await freshToken();
    const { stdout, stderr, code } = await connect([
      "psql",
      "-Atc",
      "SELECT name, email FROM customers WHERE id = 1",
    ]);
    expect({ stdout, stderr, code }).toEqual({
      stdout: "Ada Brandt|a***@example.com\n",
      stderr: "",
      code: 0,
    });
    expect(await leftBehind()).toEqual([]);
  });

  test("with a token command, from the environment, and with the environment of somebody else's database", async () => {
    await freshToken();
    const misleading = {
      PGPASSWORD: "wrong",
      PGSERVICE: "none",
      PGHOSTADDR: "192.0.2.1",
      PGREQUIREAUTH: "none",
    };
    const env = { SALLY_TOKEN_COMMAND: `cat '${tokenFile}'`, ...misleading };
    const { stdout, stderr } = await connect(
      ["psql", "-Atc", "SELECT current_database()"],
      [],
      env,
    );
    expect(stderr + stdout).toBe("shop\n");
  });

  test("with a short handle, also for a password that a client cuts at 63", async () => {
    const token = await freshToken();
    const options = ["--token-file", tokenFile, "--handle", "--env", "HANDLE={password}"];
    const { stdout, stderr } = await connect(
      ["sh", "-c", 'psql -Atc \'SELECT 1\'; printf %s "$HANDLE" | wc -c; cat "$PGPASSFILE"'],
      options,
    );
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^1\n\s*38\n\S+:sally_[a-z2-7]{32}\n$/);
    expect(stdout).not.toContain(token);
  });

  test("psql's own exit codes and errors are the client's", async () => {
    await freshToken();
    const refused = await connect([
      "psql",
      "-v",
      "ON_ERROR_STOP=1",
      "-f",
      "-",
      "-c",
      "DROP TABLE customers",
    ]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("policy does not permit this command");
    await writeFile(tokenFile, "abc");
    const { code, stderr } = await connect(["psql", "-c", "SELECT 1"]);
    expect(code).toBe(2);
    expect(stderr).toContain("what came is not a token that can be read");
  });
});

test("the token is in no command line and no variable, but in a file of mode 0600 while the client runs", async () => {
  const token = await freshToken();
  const { stdout } = await connect(
    script(`
      const fs = require("fs"), path = process.env.PGPASSFILE;
      const modes = [path, require("path").dirname(path)].map((one) => (fs.statSync(one).mode & 0o777).toString(8));
      const mine = fs.readFileSync("/proc/self/environ", "latin1") + fs.readFileSync("/proc/self/cmdline", "latin1");
      const parent = "/proc/" + process.ppid + "/";
      const theirs = fs.readFileSync(parent + "cmdline", "latin1") + fs.readFileSync(parent + "environ", "latin1");
      const token = fs.readFileSync(path, "utf8").trim().split(":").pop();
      console.log(JSON.stringify({ modes, shown: (mine + theirs).includes(token), length: token.length }));
    `),
  );
  expect(JSON.parse(stdout)).toEqual({ modes: ["600", "700"], shown: false, length: token.length });
});

test("a token in our own environment is not handed on", async () => {
  const token = await freshToken();
  const { stdout } = await connect(script("console.log(JSON.stringify(process.env))"), [], {
    SALLY_TOKEN: token,
  });
  expect(stdout).toContain('"PGPASSFILE"');
  expect(stdout).not.toContain(token);
});

test("a client that asks for it gets the token in a variable, and everything else in its arguments", async () => {
  const token = await freshToken();
  const env = [
    "--token-file",
    tokenFile,
    "--user",
    "job",
    "--env",
    "URL=postgresql://{user}:{password}@{host}:{port}/{database}",
  ];
  const { stdout } = await connect(
    [
      ...script("console.log(JSON.stringify([process.env.URL, ...process.argv.slice(1)]))"),
      "{jdbc}",
      "--db={database}",
    ],
    env,
  );
  const [url, jdbc, database] = JSON.parse(stdout) as string[];
  expect(url).toMatch(/^postgresql:\/\/job:/);
  expect(url).toContain(`:${token}@127.0.0.1:`);
  expect(jdbc).toMatch(
    /^jdbc:postgresql:\/\/127\.0\.0\.1:\d+\/shop\?user=job&sslmode=verify-full&sslrootcert=/,
  );
  expect(database).toBe("--db=shop");
  const refused = await connect(["echo", "{password}"]);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("on a command line would show the token");
});

test("before the token ends, the password file has another", async () => {
  // Nobody but `sally connect` reads this token. The next is fetched when four fifths of its rest are over.
  await using issuer = await startIssuer();
  const command = `cat '${tokenFile}'`;
  const soon = { exp: Math.floor(Date.now() / 1000) + 8 };
  const first = await issuer.sign(issuer.claims(soon));
  await writeFile(tokenFile, first);
  const running = connect(
    script(`
      const read = () => require("fs").readFileSync(process.env.PGPASSFILE, "utf8");
      const first = read();
      const timer = setInterval(() => {
        if (read() === first) return;
        clearInterval(timer);
        console.log(JSON.stringify([first, read()]));
      }, 50);
    `),
    ["--token-command", command],
  );
  const written = async (): Promise<boolean> => {
    const [folder] = await leftBehind();
    const file = folder === undefined ? "" : join(directory, folder, "pgpass");
    return existsSync(file) && readFileSync(file, "utf8").includes(first);
  };
  await waitFor(written, { what: "the password file" });
  const second = await freshToken();
  const { stdout } = await running;
  const [before = "", after = ""] = JSON.parse(stdout) as string[];
  expect(before).toContain(first);
  expect(after).toContain(second);
});

test.each<[NodeJS.Signals, number]>([
  ["SIGTERM", 143],
  ["SIGINT", 130],
  ["SIGHUP", 129],
])("%s reaches the client, its end is ours, and nothing is left", async (signal, code) => {
  await freshToken();
  const { PGHOST = "", PGPORT = "" } = await cluster.env("ci-runner", "none");
  const args = [
    "connect",
    "--gateway",
    `${PGHOST}:${PGPORT}`,
    "--token-file",
    tokenFile,
    "shop",
    "--",
    "sleep",
    "60",
  ];
  const child = spawn(process.execPath, [sallyMain, ...args], {
    stdio: "ignore",
    env: { ...process.env, XDG_RUNTIME_DIR: directory },
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const runs = (): boolean => {
    const file = `/proc/${child.pid}/task/${child.pid}/children`;
    const [pid] = existsSync(file) ? readFileSync(file, "utf8").trim().split(" ") : [];
    return (
      pid !== undefined &&
      pid !== "" &&
      readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith("sleep")
    );
  };
  await waitFor(runs, { what: "the client to run" });
  child.kill(signal);
  expect(await ended).toBe(code);
  expect(await leftBehind()).toEqual([]);
});

describe("mistakes are told", () => {
  const failing: [string, readonly string[], readonly string[], string, number][] = [
    ["no token", ["true"], [], "no token: nobody said where one comes from", 2],
    ["two sources", ["true"], ["--token-file", "x", "--token-command", "y"], "not both", 2],
    ["no token file", ["true"], ["--token-file", "/nonexistent"], "cannot be read: ENOENT", 1],
    ["a command that fails", ["true"], ["--token-command", "exit 3"], "it ended with 3", 1],
    [
      "a command that prints JSON",
      ["true"],
      ["--token-command", 'echo \'{"token": "x"}\''],
      "is not one token",
      1,
    ],
    ["a command that prints nothing", ["true"], ["--token-command", "true"], "is empty", 1],
    [
      "no such client",
      ["no-such-client"],
      ["--token-command", "echo x"],
      "there is no program `no-such-client`",
      1,
    ],
    ["a variable without a name", ["true"], ["--env", "=x"], "it takes NAME=TEXT", 2],
  ];
  test.each(failing)("%s", async (_what, client, options, message, code) => {
    const { stderr, code: ended } = await connect(client, options);
    expect(stderr).toContain(message);
    expect(ended).toBe(code);
  });

  test("no gateway, and one that would take the token without TLS", async () => {
    const env = { SALLY_TOKEN: "x" };
    const nowhere = await runSally(["connect", "shop", "--", "true"], { env, cwd: directory });
    expect(nowhere.stderr).toContain("nobody said where the gateway is");
    const args = ["connect", "--gateway", "db.example.com", "--no-tls", "shop", "--", "true"];
    const plain = await runSally(args, { env, cwd: directory });
    expect(plain.stderr).toContain("would take your token without TLS");
  });
});

describe("sally login", () => {
  const login = (args: readonly string[], env: Record<string, string> = {}): Promise<SallyResult> =>
    runSally(["login", "--url", `http://${cluster.up.listen["authn"]}`, ...args], {
      env,
      cwd: directory,
    });

  test.skipIf(!hasPsql())("prints a handle that is the password", async () => {
    const token = await freshToken();
    const { stdout, stderr, code } = await login(["--token-file", tokenFile]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^sally_[a-z2-7]{32}\n$/);
    expect(stderr).toMatch(/^sally: opens sessions for corp#ci-runner until 2\S+Z\n$/);
    const handle = stdout.trim();
    const rows = await cluster.psql("ci-runner", "SELECT email FROM customers WHERE id = 1", {
      token: handle,
    });
    expect(rows.stdout).toBe("a***@example.com\n");
    const session = await cluster.archived(
      ({ principal, commands }) => principal === "corp#ci-runner" && commands !== 0,
    );
    const events = JSON.stringify(await cluster.sallyJson(["replay", String(session["session"])]));
    const log = await cluster.log();
    for (const secret of [handle, handle.slice(6), token.split(".")[2] ?? token]) {
      expect(events).not.toContain(secret);
      expect(log).not.toContain(secret);
    }
  });

  test("as JSON, from the environment", async () => {
    const token = await freshToken();
    const { stdout } = await login(["--json"], { SALLY_TOKEN: token });
    expect(JSON.parse(stdout)).toMatchObject({
      principal: "corp#ci-runner",
      handle: expect.stringMatching(/^sally_/),
    });
  });

  test("says why not", async () => {
    const bad = await login([], { SALLY_TOKEN: "abc" });
    expect(bad.stderr).toContain("what came is not a token that can be read");
    expect(bad.code).toBe(1);
    const nobody = await runSally(["login", "--url", "http://127.0.0.1:1"], {
      env: { SALLY_TOKEN: "abc" },
    });
    expect(nobody.stderr).toContain("authn cannot be reached at http://127.0.0.1:1");
    const plain = await runSally(["login", "--url", "http://example.com"], {
      env: { SALLY_TOKEN: "abc" },
    });
    expect(plain.stderr).toContain("would take your token without TLS");
  });
});
