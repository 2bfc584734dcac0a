import type { Seeded } from "../../chaos/seeded.ts";

const upTo = (seeded: Seeded, most: number): number => Math.floor(seeded.next() * (most + 1));

export const randomBytes = (seeded: Seeded, length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => upTo(seeded, 255)));

/** Lengths that lie: too small, by one, huge, negative. */
const lies = [
  0, 1, 3, 4, 5, 8, 0xffff, 0x10000, 0x3fffffff, 0x40000000, 0x7fffffff, -1, -2147483648,
];

const numbers = [0, 1, -1, 2, 127, 128, 255, 256, 32767, -32768, 65535, 0x7fffffff];

/** A change of some bytes anywhere: its name, and what it does. */
type Change = (bytes: Buffer, seeded: Seeded) => Buffer;

const place = (bytes: Buffer, seeded: Seeded): number =>
  upTo(seeded, Math.max(0, bytes.length - 1));

const changes = {
  flip: (bytes, seeded) => {
    const other = Buffer.from(bytes);
    const at = place(bytes, seeded);
    const byte = other[at];
    if (byte !== undefined) other[at] = byte ^ (1 << upTo(seeded, 7));
    return other;
  },
  nul: (bytes, seeded) => put(bytes, place(bytes, seeded), Buffer.alloc(1 + upTo(seeded, 3)), 0),
  "no nul": (bytes, seeded) => {
    const at = bytes.indexOf(0, place(bytes, seeded));
    return at === -1 ? bytes : put(bytes, at, Buffer.from("x"), 1);
  },
  cut: (bytes, seeded) => put(bytes, place(bytes, seeded), Buffer.alloc(0), 1 + upTo(seeded, 9)),
  garbage: (bytes, seeded) =>
    put(bytes, place(bytes, seeded), randomBytes(seeded, 1 + upTo(seeded, 12)), upTo(seeded, 6)),
  twice: (bytes, seeded) => {
    const from = place(bytes, seeded);
    const part = bytes.subarray(from, from + 1 + upTo(seeded, 40));
    return put(bytes, place(bytes, seeded), part, 0);
  },
  number: (bytes, seeded) => {
    const other = Buffer.from(bytes);
    const at = place(bytes, seeded);
    const value = seeded.of(numbers);
    if (at + 4 <= other.length && seeded.next() < 0.5) other.writeInt32BE(value | 0, at);
    else if (at + 2 <= other.length) other.writeUInt16BE(value & 0xffff, at);
    return other;
  },
  "not utf-8": (bytes, seeded) =>
    put(
      bytes,
      place(bytes, seeded),
      Buffer.from(seeded.of(["ff", "c080", "eda080", "f8"]), "hex"),
      1,
    ),
} as const satisfies Record<string, Change>;

export type Mutation = keyof typeof changes | "length" | "order" | "end" | "type" | "none";

function put(bytes: Buffer, at: number, part: Buffer, instead: number): Buffer {
  return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at + instead)]);
}

/** One of the changes, or none at all. */
export function changed(bytes: Buffer, seeded: Seeded): { bytes: Buffer; by: Mutation } {
  const by = seeded.of(Object.keys(changes) as (keyof typeof changes)[]);
  return { bytes: changes[by](bytes, seeded), by };
}

/** A message whose body is changed and whose length is right again. */
export function changedBody(message: Buffer, seeded: Seeded): { bytes: Buffer; by: Mutation } {
  const { bytes: body, by } = changed(message.subarray(5), seeded);
  const bytes = Buffer.concat([message.subarray(0, 5), body]);
  bytes.writeInt32BE(bytes.length - 1, 1);
  return { bytes, by };
}

/** Messages in another order, some with lengths that lie, other types, changed bytes, or an end too early. */
export function changedStream(
  messages: readonly Buffer[],
  seeded: Seeded,
): { bytes: Buffer; by: ReadonlySet<Mutation> } {
  const by = new Set<Mutation>();
  let stream = messages.slice();
  if (seeded.next() < 0.3) {
    stream = seeded.shuffled(stream);
    by.add("order");
  }
  const from = upTo(seeded, stream.length);
  stream = stream.slice(from, from + 1 + upTo(seeded, 30)).map((message) => {
    const copy = Buffer.from(message);
    if (seeded.next() < 0.06) {
      copy.writeInt32BE(seeded.of([...lies, copy.length - 2, copy.length]), 1);
      by.add("length");
    } else if (seeded.next() < 0.03) {
      copy[0] = upTo(seeded, 255);
      by.add("type");
    } else if (seeded.next() < 0.1) {
      const body = changedBody(copy, seeded);
      by.add(body.by);
      return body.bytes;
    }
    return copy;
  });
  let bytes: Buffer = Buffer.concat(stream);
  if (seeded.next() < 0.3) {
    const one = changed(bytes, seeded);
    bytes = one.bytes;
    by.add(one.by);
  }
  if (seeded.next() < 0.1) {
    bytes = bytes.subarray(0, upTo(seeded, bytes.length));
    by.add("end");
  }
  if (by.size === 0) by.add("none");
  return { bytes, by };
}

/** Cut at any places: often by single bytes. */
export function pieces(bytes: Buffer, seeded: Seeded): Buffer[] {
  const most = seeded.of([1, 2, 7, 64, 1000, 100_000]);
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + upTo(seeded, most - 1);
    found.push(bytes.subarray(at, end));
    at = end;
  }
  return found;
}
