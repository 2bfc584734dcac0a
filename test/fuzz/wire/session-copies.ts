import { toTarget } from "@sallyport/pgwire";
import type { Seeded } from "../../chaos/seeded.ts";

const { copyData, copyDone, copyFail, flush } = toTarget;

/** A COPY to the client; some fail in the middle. */
export function copyOut(seeded: Seeded): string {
  const what = seeded.of([
    "things",
    "things (id, name, secret)",
    "parts",
    "(SELECT id, secret FROM things ORDER BY id)",
    "(SELECT n, repeat('y', 300) FROM generate_series(1, 400) n)",
    "(SELECT 10 / (3 - n) FROM generate_series(1, 9) n)",
    "(SELECT 1 / (400 - n), repeat('z', 200) FROM generate_series(1, 500) n)",
    "(INSERT INTO parts VALUES (70, 2) RETURNING *)",
    "nowhere",
    "things (nothing)",
  ]);
  return `COPY ${what} TO STDOUT${seeded.of(["", "", " (FORMAT csv)", " (FORMAT csv, HEADER)", " (FORMAT binary)"])}`;
}

const lines = {
  text: [
    "500\tfive hundred\n",
    "501\t\\N\n",
    "502\ta\\tb\n",
    "x\tno number\n",
    "1\ttaken\n",
    "503\n",
  ],
  csv: ['510,"five, hundred"\n', '511,"over\ntwo lines"\n', "512,plain\n", "x,no\n", '513,"open\n'],
};

/** A COPY from the client, with all that it sends for it: its end, or that it gives up. */
export function copyIn(seeded: Seeded): { text: string; data: Buffer[] } {
  const format = seeded.of(["text", "text", "csv", "binary"] as const);
  const text = `COPY ${seeded.of(["things (id, name)", "things (id, name)", "aside.things", "nowhere"])} FROM STDIN${
    format === "text" ? "" : ` (FORMAT ${format})`
  }`;
  const data: Buffer[] = [];
  if (format === "binary") {
    const wrong = seeded.next() < 0.2;
    const header = Buffer.from("5047434f50590aff0d0a000000000000000000", "hex");
    const row = Buffer.from("000200000004000002080000000362696e", "hex");
    data.push(copyData(wrong ? row : header), copyData(row), copyData(Buffer.from("ffff", "hex")));
  } else {
    const some = Array.from({ length: Math.floor(seeded.between(0, 5)) }, () =>
      seeded.next() < 0.7 ? (lines[format][0] ?? "") : seeded.of(lines[format]),
    ).map((line, at) => line.replace(/^5\d\d/, String(520 + at)));
    const bytes = Buffer.from(some.join(""));
    // Lines need not keep to messages.
    const cut = seeded.next() < 0.4 ? Math.floor(seeded.next() * bytes.length) : bytes.length;
    data.push(copyData(bytes.subarray(0, cut)), copyData(bytes.subarray(cut)));
  }
  if (seeded.next() < 0.2) data.splice(seeded.of([0, 1]), 0, flush);
  data.push(seeded.next() < 0.8 ? copyDone : copyFail(seeded.of(["enough", ""])));
  return { text, data };
}
