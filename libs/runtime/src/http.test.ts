import { afterEach, expect, test } from "vitest";
import { Alarms, openHttp, openLog, SallyError, type HttpServer } from "./index.ts";

const log = openLog("test", "error");
const quiet = Object.assign(Object.create(log) as typeof log, { error: () => undefined });
let server: HttpServer | undefined;
afterEach(() => server?.close());

test("health, readiness and errors of the catalogue, with safe headers", async () => {
  let ready = false;
  const alarms = new Alarms(quiet);
  server = await openHttp({
    service: "authn",
    address: { host: "127.0.0.1", port: 0 },
    log: quiet,
    alarms,
    readiness: () => ({ ready, details: { bus: ready } }),
    routes: (app) => {
      app.get("/refused", () => {
        throw new SallyError("hold-unknown", { params: { hold: "x" } });
      });
      app.get("/broken", () => {
        throw new Error("hunter2");
      });
      app.post("/body", () => ({}));
    },
  });
  const at = (path: string, init?: RequestInit): Promise<Response> =>
    fetch(`http://127.0.0.1:${server?.port}${path}`, init);

  const health = await at("/healthz");
  expect([health.status, health.headers.get("x-content-type-options")]).toEqual([200, "nosniff"]);
  expect((await at("/readyz")).status).toBe(503);
  ready = true;
  alarms.raise("differing-event", "two events under one number");
  expect(await (await at("/readyz")).json()).toEqual({
    service: "authn",
    ready: true,
    time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
    alarms: { "differing-event": 1 },
    bus: true,
  });

  const refused = await at("/refused");
  expect([refused.status, await refused.json()]).toEqual([
    404,
    {
      code: "hold-unknown",
      message: "there is no hold `x`",
      hint: expect.stringContaining("sally approvals list"),
    },
  ]);
  const broken = await at("/broken");
  expect([broken.status, await broken.text()]).toEqual([
    500,
    expect.not.stringContaining("hunter2"),
  ]);
  expect((await at("/nothing")).status).toBe(404);
  const body = await at("/body", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{",
  });
  expect([body.status, await body.json()]).toMatchObject([400, { code: "request-invalid" }]);
});

test("a listener beyond loopback takes no plain HTTP", async () => {
  await expect(
    openHttp({
      service: "authn",
      address: { host: "0.0.0.0", port: 0 },
      log: quiet,
      alarms: new Alarms(quiet),
      readiness: () => ({ ready: true, details: {} }),
    }),
  ).rejects.toThrow("authn listens on `0.0.0.0` without TLS");
});
