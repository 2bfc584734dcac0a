import { describe, expect, test } from "vitest";
import { ScramClient, ScramError } from "./scram.ts";

describe("RFC 7677 section 3", () => {
  const serverFirst =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
  const client = () => new ScramClient("pencil", { kind: "none" }, "rOprNGfwEbeRWgbNEkqO", "user");

  test("the exchange of the example", async () => {
    const scram = client();
    expect(scram.mechanism).toBe("SCRAM-SHA-256");
    expect(scram.first().toString()).toBe("n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    expect((await scram.final(Buffer.from(serverFirst))).toString()).toBe(
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    );
    scram.verify(Buffer.from("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
  });

  test.each([
    ["another signature", "v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="],
    ["a shorter one", "v=6rriTRBi"],
    ["none", "v="],
    ["an error", "e=invalid-proof"],
  ])("the server's proof is refused: %s", async (_, final) => {
    const scram = client();
    await scram.final(Buffer.from(serverFirst));
    expect(() => scram.verify(Buffer.from(final))).toThrow(ScramError);
  });

  test("a proof before the exchange is refused", () => {
    expect(() =>
      client().verify(Buffer.from("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")),
    ).toThrow(ScramError);
  });

  test.each([
    ["not our nonce", "r=fyko+d2lbbFgONRv9qkxdawL,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"],
    ["our nonce alone", "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"],
    ["no iterations", "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0"],
    ["a minute of iterations", "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=999999999"],
    ["no salt", "r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096"],
    ["nothing", ""],
  ])("server-first-message is refused: %s", async (_, first) => {
    await expect(client().final(Buffer.from(first))).rejects.toThrow(ScramError);
  });
});

describe("RFC 5802 section 6, channel binding", () => {
  test("the flag says what both sides can do", async () => {
    const first = (scram: ScramClient) => scram.first().toString();
    expect(first(new ScramClient("p", { kind: "none" }, "x"))).toBe("n,,n=,r=x");
    expect(first(new ScramClient("p", { kind: "not-offered" }, "x"))).toBe("y,,n=,r=x");
    const hash = Buffer.from("hash of the certificate");
    const bound = new ScramClient("p", { kind: "tls-server-end-point", hash }, "x");
    expect(bound.mechanism).toBe("SCRAM-SHA-256-PLUS");
    expect(first(bound)).toBe("p=tls-server-end-point,,n=,r=x");
    const final = (await bound.final(Buffer.from("r=xy,s=AAAA,i=1"))).toString();
    const channel = /^c=([^,]+),/.exec(final)?.[1] ?? "";
    expect(Buffer.from(channel, "base64").toString()).toBe(
      "p=tls-server-end-point,,hash of the certificate",
    );
  });
});
