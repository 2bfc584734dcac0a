import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DetectorName, Masker } from "@sallyport/contracts";
import { detectWriterFor } from "../index.ts";
import { detectingJsonMasker, detectingTextMasker } from "./mask-detected.ts";
import { detect } from "./detectors.ts";

const key = Buffer.alloc(32, 7);
const all: readonly DetectorName[] = ["card", "email", "iban", "phone", "national-id", "secret"];

/** What of a text is found, in order. */
const found = (text: string, name: DetectorName): string[] =>
  detect(text, [name])
    .toSorted((a, b) => a.start - b.start)
    .map(({ start, end }) => text.slice(start, end));

/** Put together here, so that no scanner takes this file for a leak. */
const token = (...parts: string[]): string => parts.join("");

const positive: Readonly<Record<DetectorName, readonly (string | readonly [string, string])[]>> = {
  card: [
    "4111111111111111",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "4111\u00a01111\u00a01111\u00a01111",
    "4111\u200b1111\u200b1111\u200b1111",
    "４１１１１１１１１１１１１１１１",
    "٤١١١١١١١١١١١١١١١",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "3782 822463 10005",
    "30569309025904",
    "6011111111111117",
    "3530111333300000",
    "6200000000000005",
    "4222222222222",
    ["card 4111111111111111, thanks", "4111111111111111"],
    ["x4111111111111111y", "4111111111111111"],
    ["1234 4111111111111111 12", "4111111111111111"],
  ],
  email: [
    "eve@example.com",
    "EVE.O'Neil+tag@mail.example.co.uk",
    "élodie@exämple.fr",
    "eve＠example.com",
    ["<eve@example.com>", "eve@example.com"],
    ["mailto:eve@example.com.", "eve@example.com"],
    ["u=eve%40example.com&x", "eve%40example.com"],
    ["a,eve@example.com;b", "eve@example.com"],
  ],
  iban: [
    "DE89370400440532013000",
    "DE89 3704 0044 0532 0130 00",
    "de89370400440532013000",
    "GB29NWBK60161331926819",
    "NO9386011117947",
    "MT84MALT011000012345MTLCAST001S",
    ["to DE89 3704 0044 0532 0130 00 please", "DE89 3704 0044 0532 0130 00"],
  ],
  phone: [
    "+14155552671",
    "+44 20 7946 0958",
    "+49 (0)30 901820",
    "+420-777-123-456",
    "(415) 555-2671",
    "415-555-2671",
    ["call +33 1 42 68 53 00!", "+33 1 42 68 53 00"],
  ],
  "national-id": [
    "12345678Z",
    "X1234567L",
    "255081416802538",
    "RSSMRA85T10A562S",
    "44051401458",
    "756.9217.0769.85",
    "7569217076985",
    "131052-308T",
    "111.444.777-35",
    "11144477735",
  ],
  secret: [
    token("AKIA", "IOSFODNN7EXAMPLE"),
    token("ghp_", "a1B2".repeat(9)),
    token("github_pat_", "11ABCDEFG0", "x".repeat(30)),
    token("xoxb-", "123456789012-abcdefghijkl"),
    token("sk-", "proj-", "A1b2C3d4E5f6G7h8I9j0"),
    token("sk_live_", "4eC39HqLyjWDarjtT1zdp7dc"),
    token("AIza", "a".repeat(35)),
    token("glpat-", "aB3".repeat(7)),
    token("eyJhbGciOiJIUzI1NiJ9", ".", "eyJzdWIiOiIxMjM0In0", ".", "c2lnbmF0dXJlLW9mLWl0"),
    token("-----BEGIN ", "RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"),
    token("-----BEGIN ", "PRIVATE KEY-----\nMIIE cut off"),
    [`key=${token("AKIA", "IOSFODNN7EXAMPLE")};`, token("AKIA", "IOSFODNN7EXAMPLE")],
  ],
};

const negative: Readonly<Record<DetectorName, readonly string[]>> = {
  card: [
    "4111111111111112",
    "41111111111111111111111",
    "0.4111111111111111",
    "4111.1111.1111.1111",
    "1111111111111111",
    "0000000000000000",
    "2026-11-22 22:30:15",
    "1795387815123",
    "1795387815123456",
    "9400111899223197428490",
  ],
  email: ["eve@", "@example.com", "eve@localhost", "a @ b.com", "user@host.1", "5 @ 3.00"],
  iban: [
    "DE89370400440532013001",
    "XX89370400440532013000",
    "DE8937040044053201300",
    "DE89370400440532013000X",
  ],
  phone: [
    "14155552671",
    "+1 2",
    "4155552671",
    "2026-11-22",
    "+12345678901234567890",
    "192.168.100.2671",
  ],
  "national-id": [
    "12345678A",
    "255081416802539",
    "44051401459",
    "756.9217.0769.86",
    "131052-308U",
    "111.444.777-36",
    "11111111111",
    "RSSMRA85T10A562T",
  ],
  secret: [
    "AKIA",
    "sk-some-long-name-of-a-css-class",
    "eyJhbGciOiJIUzI1NiJ9",
    "ghp_short",
    "-----BEGIN CERTIFICATE-----",
    "task-ABCDEFGHIJKLMNOPQRSTUVWX1",
  ],
};

describe.each(all)("%s", (name) => {
  test.each(positive[name].map((one) => (typeof one === "string" ? ([one, one] as const) : one)))(
    "is found in %j",
    (text, expected) => {
      expect(found(text, name)).toContain(expected);
    },
  );

  test.each(negative[name])("is not found in %j", (text) => {
    expect(found(text, name)).toEqual([]);
  });
});

describe("numbers of other sorts are seldom taken for", () => {
  const share = (name: DetectorName, make: (n: number) => string, runs = 20_000): number => {
    let hits = 0;
    for (let n = 0; n < runs; n++) if (detect(make(n), [name]).length > 0) hits++;
    return hits / runs;
  };
  /** Numbers without a pattern, the same in every run. */
  const mixed = (n: number): bigint => {
    const x = BigInt(n + 1) * 0x9e3779b97f4a7c15n;
    return BigInt.asUintN(64, (x ^ (x >> 31n)) * 0xbf58476d1ce4e5b9n);
  };
  const digits = (count: number) => (n: number) =>
    (mixed(n) % 10n ** BigInt(count)).toString().padStart(count, "0");

  test("cards: order numbers, clocks, uuids", () => {
    expect(share("card", digits(16))).toBeLessThan(0.03);
    expect(share("card", digits(13))).toBeLessThan(0.012);
    expect(share("card", (n) => String(1_700_000_000_000 + 7919 * n))).toBe(0);
    expect(share("card", (n) => String(1_700_000_000_000_000 + 7919 * n))).toBe(0);
    const uuid = (n: number) =>
      mixed(n)
        .toString(16)
        .padStart(16, "0")
        .replace(/(.{8})(.{4})/, "$1-$2-");
    expect(share("card", uuid)).toBeLessThan(0.001);
  });

  test("ids and phones: prices, clocks, keys", () => {
    expect(share("national-id", digits(8))).toBe(0);
    expect(share("national-id", digits(11))).toBeLessThan(0.05);
    expect(share("national-id", digits(13))).toBeLessThan(0.001);
    expect(share("national-id", (n) => String(1_700_000_000_000 + 7919 * n))).toBe(0);
    expect(share("phone", digits(10))).toBe(0);
    expect(share("iban", (n) => `DE${digits(20)(n)}`)).toBeLessThan(0.02);
  });
});

describe("in a text", () => {
  const mask = (asked: Partial<Record<DetectorName, Masker>>, text: string) => {
    const counts: Partial<Record<DetectorName, number>> = {};
    const masked = detectingTextMasker(asked, key, (name) => {
      counts[name] = (counts[name] ?? 0) + 1;
    })(Buffer.from(text));
    return { masked: masked?.toString() ?? null, counts };
  };

  test("what is found is masked where it stands, and counted", () => {
    expect(
      mask({ card: "partial", email: "email" }, "eve@x.de paid with 4111 1111 1111 1111, eve@x.de"),
    ).toEqual({
      masked: "e***@x.de paid with ***************1111, e***@x.de",
      counts: { email: 2, card: 1 },
    });
    expect(mask({ card: "redact" }, "nothing")).toEqual({ masked: "nothing", counts: {} });
    expect(mask({ email: "null" }, "to eve@x.de").masked).toBeNull();
  });

  test("what overlaps is masked together, by the mask that shows less", () => {
    const text = "+4111 1111 1111 1111";
    const { masked, counts } = mask({ card: "partial", phone: "redact" }, text);
    expect(masked).toBe("****");
    expect(counts).toEqual({ card: 1, phone: 1 });
  });

  test("long texts take a time in proportion, whatever is in them", () => {
    const size = 100_000;
    const hostile = [
      "1",
      "1 ",
      "4 1-",
      "@",
      "a@",
      "a.",
      "eyJ",
      "eyJaaaaaaaaa.",
      "-----BEGIN PRIVATE KEY",
      "AKIA",
      "+1",
      "+1 ",
      "DE89",
      "DE89 ",
      "sk-",
      "ghp_a",
      "%40",
      "１",
      "é@",
    ];
    for (const unit of hostile) {
      const text = unit.repeat(Math.ceil(size / unit.length));
      const took = (part: string): number => {
        const before = process.cpuUsage();
        detect(part, all);
        const { user, system } = process.cpuUsage(before);
        return (user + system) / 1000;
      };
      took(text.slice(0, size / 10));
      expect(took(text), unit).toBeLessThan(500);
    }
  });

  test("any text keeps what was not found, and nothing is found again in what left", () => {
    const piece = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 12 }),
      fc.constantFrom(
        ...all.flatMap((name) =>
          positive[name].map((one) => (typeof one === "string" ? one : one[0])),
        ),
      ),
    );
    const asked = Object.fromEntries(all.map((name) => [name, "redact"]));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 4 }), (pieces) => {
        const text = Buffer.from(pieces.join(" | ")).toString();
        const { masked } = mask(asked, text);
        expect(masked === text).toBe(detect(text, all).length === 0);
        for (const name of all)
          for (const whole of found(text, name)) expect(masked).not.toContain(whole);
      }),
    );
  });
});

describe("in a document", () => {
  const mask = (text: string, format: 0 | 1 = 0, kind: "json" | "jsonb" = "json") =>
    detectingJsonMasker(
      { card: "partial", email: "redact" },
      kind,
      format,
      key,
      () => undefined,
    )(Buffer.from(text))?.toString() ?? null;

  test("strings, keys and numbers are looked at, escaped or not, and the rest stays", () => {
    expect(
      mask(
        String.raw`{ "to":"eve\u0040x.de" , "n": 1.50e1,"card":4111111111111111,"eve@x.de":[true]}`,
      ),
    ).toBe(String.raw`{ "to":"****" , "n": 1.50e1,"card":null,"****":[true]}`);
    expect(mask('\x01{"a": "4111111111111111"}', 1, "jsonb")).toBe('\x01{"a": "************1111"}');
    expect(mask('\x02{"a": 1}', 1, "jsonb")).toBeNull();
    expect(mask('{"a')).toBeNull();
  });
});

test("types without text are not looked at, and a text keeps within its column", () => {
  const none = (): void => undefined;
  for (const typeOid of [23, 20, 1700, 17, 1114, 2950, 1007])
    expect(detectWriterFor({ typeOid, format: 0, key }, { card: "redact" }, none)).toBeUndefined();
  for (const typeOid of [25, 1043, 1042, 19, 114, 3802, 1009, 3807])
    expect(detectWriterFor({ typeOid, format: 0, key }, { card: "redact" }, none)).toBeDefined();
});
