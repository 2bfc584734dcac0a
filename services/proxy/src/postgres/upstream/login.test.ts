import { errorResponse, parseStartupPacket, toClient } from "@sallyport/pgwire";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { Login, type Channel, type LoginStep } from "./login.ts";
import { TargetError } from "./target-error.ts";

const open: Channel = { private: false, serverEndPoint: undefined };
const secure: Channel = { private: true, serverEndPoint: undefined };

const login = (channel: Channel, password: string | undefined = "s3cret-pass") =>
  new Login({
    user: "app",
    password,
    database: "orders",
    parameters: new Map([["application_name", "psql"]]),
    channel,
  });

/** AuthenticationMD5Password with the salt 1 2 3 4. */
const md5 = Buffer.from([0x52, 0, 0, 0, 12, 0, 0, 0, 5, 1, 2, 3, 4]);
const authentication = (code: number) => Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, code]);

async function fed(machine: Login, ...frames: Buffer[]): Promise<LoginStep> {
  let step: LoginStep = { kind: "wait" };
  for (const frame of frames) step = await machine.step(frame);
  return step;
}

const refused = async (machine: Login, ...frames: Buffer[]): Promise<TargetError> => {
  const error: unknown = await fed(machine, ...frames).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof TargetError)) throw new Error("not refused", { cause: error });
  return error;
};

test("the startup packet names user, database and what is handed on", () => {
  expect(parseStartupPacket(login(open).startup())).toEqual({
    kind: "startup",
    major: 3,
    minor: 0,
    parameters: new Map([
      ["user", "app"],
      ["database", "orders"],
      ["application_name", "psql"],
    ]),
    protocolOptions: [],
  });
});

test.each(["user", "database", "replication"])("a client's `%s` is not handed on", (name) => {
  const machine = new Login({
    user: "app",
    password: undefined,
    database: "orders",
    parameters: new Map([[name, "x"]]),
    channel: open,
  });
  expect(() => machine.startup()).toThrow(RangeError);
});

test("trust: parameters and key are collected until ready", async () => {
  const step = await fed(
    login(open, undefined),
    toClient.authenticationOk,
    toClient.parameterStatus("server_version", "18.4"),
    toClient.backendKeyData(4711, Buffer.from([1, 2, 3, 4])),
    toClient.readyForQuery("I"),
  );
  expect(step).toEqual({
    kind: "logged-in",
    result: {
      parameters: new Map([["server_version", "18.4"]]),
      pid: 4711,
      key: Buffer.from([1, 2, 3, 4]),
      notices: [],
    },
  });
});

test("MD5: the answer that PostgreSQL computes", async () => {
  const machine = new Login({
    user: "md5_user",
    password: "password",
    database: "d",
    parameters: new Map(),
    channel: open,
  });
  // computed with md5sum: md5(md5("password" "md5_user") 01020304)
  expect(await fed(machine, md5)).toEqual({
    kind: "send",
    bytes: Buffer.from("p\0\0\0\x28md580a32c6f038b79de232354a2ee7060eb\0"),
  });
});

describe("no proof, no entry", () => {
  test("a password in clear text only goes over a private channel", async () => {
    const error = await refused(login(open), toClient.authenticationCleartextPassword);
    expect(error.code).toBe("target-authentication");
    expect(await fed(login(secure), toClient.authenticationCleartextPassword)).toMatchObject({
      kind: "send",
    });
  });

  test("once SCRAM has begun, AuthenticationOk without the server's proof is refused", async () => {
    const sasl = toClient.authenticationSasl(["SCRAM-SHA-256"]);
    const error = await refused(login(open), sasl, toClient.authenticationOk);
    expect(error.code).toBe("target-authentication");
  });

  test("SCRAM, then the password in clear text, is refused", async () => {
    const sasl = toClient.authenticationSasl(["SCRAM-SHA-256"]);
    const error = await refused(login(secure), sasl, toClient.authenticationCleartextPassword);
    expect(error.code).toBe("target-authentication");
  });

  test.each([
    ["Kerberos", authentication(2)],
    ["GSS", authentication(7)],
    ["SSPI", authentication(9)],
    ["a SASL mechanism of tomorrow", toClient.authenticationSasl(["SCRAM-SHA3-512"])],
  ])("%s is refused", async (_, frame) => {
    expect((await refused(login(secure), frame)).code).toBe("target-authentication");
  });

  test("a target that wants a password when there is none", async () => {
    const machine = new Login({
      user: "app",
      password: undefined,
      database: "orders",
      parameters: new Map(),
      channel: secure,
    });
    expect((await refused(machine, md5)).code).toBe("target-authentication");
  });

  test.each([
    ["ready", toClient.readyForQuery("I")],
    ["a row", toClient.commandComplete("SELECT 1")],
    ["SASL out of turn", toClient.authenticationSaslFinal(Buffer.from("v=x"))],
  ])("%s before we are in is no PostgreSQL", async (_, frame) => {
    expect((await refused(login(secure), frame)).code).toBe("target-protocol");
  });
});

describe("I5: the target's refusal", () => {
  test("an error that echoes the password does not carry it on", async () => {
    const error = await refused(
      login(secure),
      errorResponse({
        severity: "FATAL",
        sqlstate: "28P01",
        message: "wrong password s3cret-pass for app",
        hint: "it was s3cret-pass",
      }),
    );
    expect(error.code).toBe("target-refused-login");
    expect(error.ownWords).toBeUndefined();
    expect(error.catalogued("orders")).toMatchObject({ code: "target-refused", sqlstate: "08004" });
    expect(inspect(error, { depth: 9 })).not.toContain("s3cret-pass");
  });

  test.each(["53300", "57P03", "3D000", "22023"])(
    "%s may be told as the target says it",
    async (sqlstate) => {
      const error = await refused(
        login(secure),
        errorResponse({ severity: "FATAL", sqlstate, message: "no" }),
      );
      expect(error.ownWords).toMatchObject({ sqlstate, message: "no" });
    },
  );
});
