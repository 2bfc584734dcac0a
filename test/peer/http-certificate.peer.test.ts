import { X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { Alarms, openHttp, openLog } from "@sallyport/runtime";
import { makeCertificate, waitFor, type Certificate } from "@sallyport/testkit";
import { expect, onTestFinished, test } from "vitest";

let warned = 0;
const silent = openLog("test", "silent");
const log = Object.assign(Object.create(silent) as typeof silent, { warn: () => void warned++ });
const print = ({ certificate }: Certificate) => new X509Certificate(certificate).fingerprint256;

/** The certificate that somebody who connects now is shown. */
const shown = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? "");
      socket.destroy();
    });
    socket.on("error", reject);
  });

/** A request on a connection that is kept; says whether it was a connection used before. */
const ask = (agent: Agent, port: number): Promise<{ status: number; reused: boolean }> =>
  new Promise((resolve, reject) => {
    const sent = request({ agent, port, host: "127.0.0.1", path: "/healthz" }, (answer) => {
      answer.resume();
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, reused: sent.reusedSocket }),
      );
    });
    sent.on("error", reject);
    sent.end();
  });

test("an HTTP listener takes a new certificate, and nobody who is connected notices", async () => {
  const directory = await mkdtemp(join(tmpdir(), "sallyport-http-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const files = { cert: join(directory, "tls.crt"), key: join(directory, "tls.key") };
  const install = async (one: Certificate) => {
    await writeFile(files.key, one.key);
    await writeFile(files.cert, one.certificate);
  };
  const [before, after] = [await makeCertificate(), await makeCertificate()];
  await install(before);
  const server = await openHttp({
    service: "approval",
    address: { host: "127.0.0.1", port: 0 },
    tls: files,
    reloadEvery: 20,
    log,
    alarms: new Alarms(log),
    readiness: () => ({ ready: true, details: {} }),
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  onTestFinished(async () => {
    agent.destroy();
    await server.close();
  });
  expect(await ask(agent, server.port)).toEqual({ status: 200, reused: false });
  expect(await shown(server.port)).toBe(print(before));

  // What does not fit together, or is not written yet, leaves the certificate as it is, until the rest follows.
  for (const [file, content] of [
    [files.key, after.key],
    [files.cert, ""],
    [files.cert, after.certificate.slice(0, 100)],
  ] as const) {
    const told = warned;
    await writeFile(file, content);
    await waitFor(() => warned > told || file === files.cert, { what: "a look at the files" });
    expect(await shown(server.port)).toBe(print(before));
    // A connection that is not used for some seconds is closed.
    expect(await ask(agent, server.port)).toEqual({ status: 200, reused: true });
  }
  await install(after);
  const asked: Awaited<ReturnType<typeof ask>>[] = [];
  await waitFor(
    async () => {
      asked.push(await ask(agent, server.port));
      return (await shown(server.port)) === print(after);
    },
    { what: "the new certificate" },
  );
  asked.push(await ask(agent, server.port));
  expect(asked).toEqual(asked.map(() => ({ status: 200, reused: true })));
});
