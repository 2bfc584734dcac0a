import { isUtf8 } from "node:buffer";
import { isDeepStrictEqual } from "node:util";
import {
  ByteSink,
  copyForm,
  CopyRewriter,
  parseAuthentication,
  parseBackend,
  parseBearerResponse,
  parseDataRow,
  parseFrontend,
  parsePassword,
  parseSaslInitialResponse,
  parseSaslResponse,
  parseStartupPacket,
  ProtocolError,
  rewriteRows,
  StartupReader,
  type ValueWriter,
} from "@sallyport/pgwire";
import { answerAgain, sayAgain } from "../../../libs/pgwire/src/say-again.fixture.ts";
import { Seeded } from "../../chaos/seeded.ts";
import { conversations, messagesOf } from "./conversations.ts";
import type { Found } from "./frames.ts";
import { changed, changedBody, pieces, randomBytes } from "./mutations.ts";
import { Reach } from "./reach.ts";

/** Reads mutated messages by every parser: each gives a message that says the same bytes again, or a ProtocolError. */
export function fuzzCodec(seed: number, milliseconds: number): { reach: Reach; found: Found[] } {
  const until = performance.now() + milliseconds;
  const reach = new Reach();
  const found: Found[] = [];
  for (let at = 0; performance.now() < until && found.length < 10; at++) {
    const seeded = new Seeded(seed + at);
    const name = seeded.of(Object.keys(readers) as (keyof typeof readers)[]);
    let bytes: Buffer = Buffer.alloc(0);
    try {
      const made = readers[name](seeded);
      bytes = made.bytes;
      reach.bytes += bytes.length;
      reach.count("read", name);
      reach.count("mutations", made.by);
      const kind = made.read();
      reach.count("understood", kind);
    } catch (cause) {
      if (cause instanceof ProtocolError)
        reach.count("refused", `${cause.code}${cause.fatal ? ", fatal" : ""}`);
      else
        found.push({
          seed: seed + at,
          problem: `${name}: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`,
          bytes: bytes.toString("hex"),
        });
    }
  }
  return { reach, found };
}

interface Made {
  readonly bytes: Buffer;
  readonly by: string;
  /** What was understood. @throws ProtocolError */
  readonly read: () => string;
}

const frontend = conversations.flatMap((one) => messagesOf(one.frontend));
const backend = conversations.flatMap((one) => messagesOf(one.backend));
const rows = backend.filter(([type]) => type === 0x44);
const startups = conversations.map(({ startup }) => startup);

/** A real message with a changed body, whose length is right; sometimes with several changes, or none. */
function message(of: readonly Buffer[], seeded: Seeded): { bytes: Buffer; by: string } {
  let made: { bytes: Buffer; by: string } = { bytes: seeded.of(of), by: "none" };
  for (let times = Math.floor(seeded.between(0, 4)); times > 0; times--)
    made = changedBody(made.bytes, seeded);
  return made;
}

function whole(bytes: Buffer, seeded: Seeded): { bytes: Buffer; by: string } {
  let made: { bytes: Buffer; by: string } = { bytes, by: "none" };
  for (let times = Math.floor(seeded.between(0, 4)); times > 0; times--)
    made = changed(made.bytes, seeded);
  return made;
}

function same(what: string, again: Buffer | undefined, bytes: Buffer): void {
  if (again !== undefined && !again.equals(bytes))
    throw new Error(`${what} says ${again.toString("hex")} again`);
}

const bearer = Buffer.from("n,,\u0001auth=Bearer abc.def-123\u0001\u0001");
const lines = {
  text: "1\tcanary\\tx\t\\N\n",
  csv: '1,"can""ary,\nx",\n',
  binary: "0003000000043132333400000002abcdffffffff",
};
const binaryHeader = Buffer.from("5047434f50590aff0d0a000000000000000000", "hex");

const shout: ValueWriter = (_source, _start, _length, sink) => {
  sink.append(Buffer.from("****"));
  return true;
};

function copyData(body: Buffer): Buffer {
  const frame = Buffer.concat([Buffer.from([0x64, 0, 0, 0, 0]), body]);
  frame.writeInt32BE(frame.length - 1, 1);
  return frame;
}

const readers = {
  frontend: (seeded): Made => {
    const { bytes, by } = message(frontend, seeded);
    return {
      bytes,
      by,
      read: () => {
        const read = parseFrontend(bytes);
        same(read.kind, sayAgain(read), bytes);
        return `F:${read.kind}`;
      },
    };
  },
  backend: (seeded): Made => {
    const { bytes, by } = message(backend, seeded);
    return {
      bytes,
      by,
      read: () => {
        const read = parseBackend(bytes);
        // Two texts of a server may come before its encoding is settled.
        const lenient = read.kind === "parameter-status" || read.kind === "notification";
        // What a notification says stands behind its pid, whose last byte may begin a character with them.
        const texts = bytes.subarray(read.kind === "notification" ? 9 : 5);
        if (!lenient || isUtf8(texts)) same(read.kind, answerAgain(read), bytes);
        return `B:${read.kind}`;
      },
    };
  },
  "a row": (seeded): Made => {
    const { bytes, by } = message(rows, seeded);
    return {
      bytes,
      by,
      read: () => {
        const values = parseDataRow(bytes);
        const sink = new ByteSink(4096);
        const writers = values.map(() => (seeded.next() < 0.5 ? shout : undefined));
        rewriteRows(bytes, writers, sink);
        const rewritten = parseDataRow(Buffer.from(sink.bytes.subarray(0, sink.at)));
        for (const [at, value] of rewritten.entries()) {
          const expected = writers[at] ? Buffer.from("****") : values[at];
          if (!(value === expected || (value && expected?.equals(value))))
            throw new Error(`column ${at + 1} is another one after masking`);
        }
        return "row";
      },
    };
  },
  "a start-up packet": (seeded): Made => {
    const { bytes, by } = whole(seeded.of(startups), seeded);
    return {
      bytes,
      by,
      read: () => {
        const reader = new StartupReader();
        let packet;
        for (const piece of pieces(bytes, seeded)) {
          reader.push(piece);
          packet ??= reader.next();
        }
        if (packet === undefined) return "an unfinished start-up";
        const rest = reader.rest();
        const alone = parseStartupPacket(bytes.subarray(0, bytes.length - rest.length));
        if (!isDeepStrictEqual(alone, packet)) throw new Error("read differently");
        return packet.kind;
      },
    };
  },
  "a log-in message": (seeded): Made => {
    const body = seeded.of([
      Buffer.from("token\0"),
      Buffer.concat([Buffer.from("OAUTHBEARER\0"), Buffer.from([0, 0, 0, bearer.length]), bearer]),
    ]);
    const { bytes, by } = message([frameOf(0x70, body)], seeded);
    return {
      bytes,
      by,
      read: () => {
        switch (seeded.of(["password", "initial", "response"] as const)) {
          case "password":
            return `password of ${parsePassword(bytes).length > 0 ? "some" : "no"} letters`;
          case "response":
            return `SASL response of ${parseSaslResponse(bytes).length > 0 ? "some" : "no"} bytes`;
          case "initial": {
            const { data } = parseSaslInitialResponse(bytes);
            return data ? `bearer: ${parseBearerResponse(data).kind}` : "SASL without data";
          }
        }
      },
    };
  },
  "a bearer token": (seeded): Made => {
    const { bytes, by } = whole(bearer, seeded);
    return { bytes, by, read: () => `bearer: ${parseBearerResponse(bytes).kind}` };
  },
  "a request to log in": (seeded): Made => {
    const body = seeded.of([
      "00000003",
      "00000005aabbccdd",
      "0000000a534352414d2d5348412d3235360000",
    ]);
    const { bytes, by } = message([frameOf(0x52, Buffer.from(body, "hex"))], seeded);
    return { bytes, by, read: () => `asks for ${parseAuthentication(bytes).method}` };
  },
  "lines of a COPY": (seeded): Made => {
    const format = seeded.of(["text", "csv", "binary"] as const);
    const plain =
      format === "binary" ? Buffer.from(lines.binary, "hex") : Buffer.from(lines[format]);
    const made = whole(plain, seeded);
    const bytes = copyData(made.bytes);
    return {
      bytes,
      by: made.by,
      read: () => {
        const form = copyForm(format, {}, ["a", "b", "c"]);
        if (typeof form === "string") throw new Error(form);
        const rewriter = new CopyRewriter(form, [undefined, shout, undefined]);
        const sink = new ByteSink(4096);
        const run = format === "binary" ? [copyData(binaryHeader), bytes] : [bytes];
        rewriter.rewrite(Buffer.concat(run), sink);
        const written = Buffer.from(sink.bytes.subarray(0, sink.at));
        // The second column is the one that is masked: what it held is nowhere in what was written.
        if (by(made.by) && written.includes("canary")) throw new Error("a masked value shows");
        return `${format} line`;
      },
    };
  },
  garbage: (seeded): Made => {
    const body = randomBytes(seeded, Math.floor(seeded.between(0, 60)));
    const bytes = frameOf(seeded.of([...frontend, ...backend])[0] ?? 0, body);
    const read = seeded.of([parseFrontend, parseBackend]);
    return { bytes, by: "nothing but garbage", read: () => `garbage: ${read(bytes).kind}` };
  },
} as const satisfies Record<string, (seeded: Seeded) => Made>;

/** Only a line that is as it was has its canary in the second column for sure. */
const by = (mutation: string): boolean => mutation === "none";

function frameOf(type: number, body: Buffer): Buffer {
  const bytes = Buffer.concat([Buffer.from([type, 0, 0, 0, 0]), body]);
  bytes.writeInt32BE(bytes.length - 1, 1);
  return bytes;
}
