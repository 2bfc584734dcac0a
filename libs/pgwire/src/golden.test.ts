import { readFileSync, readdirSync } from "node:fs";
import { Readable } from "node:stream";
import * as fc from "fast-check";
import { parse as independentParse } from "pg-protocol";
import { describe, expect, test } from "vitest";
import { parseBackend } from "./backend-messages.ts";
import { parseDataRow } from "./data-row.ts";
import { eachFrame, FrameReader } from "./frame-reader.ts";
import { parseFrontend } from "./frontend-messages.ts";
import { Backend } from "./message-types.ts";
import { ProtocolError } from "./protocol-error.ts";
import { answerAgain, sayAgain } from "./say-again.fixture.ts";
import { parseStartupPacket, StartupReader } from "./startup-packet.ts";
import * as toTarget from "./to-target.ts";

// Bytes of real clients and a real PostgreSQL, kept by test/peer/wire-bytes.peer.test.ts;
// pg-protocol is the second opinion on what they mean and on what we write.

interface Fixture {
  readonly name: string;
  readonly seen: { readonly frontend: string; readonly backend: string };
  readonly startup: Buffer;
  readonly frontend: Buffer;
  readonly backend: Buffer;
}

const directory = new URL("fixtures/", import.meta.url);
const fixtures: Fixture[] = readdirSync(directory).map((name) => {
  const { seen, bytes } = JSON.parse(readFileSync(new URL(name, directory), "utf8")) as {
    seen: Fixture["seen"];
    bytes: Record<"startup" | "frontend" | "backend", string>;
  };
  return {
    name,
    seen,
    startup: Buffer.from(bytes.startup, "base64"),
    frontend: Buffer.from(bytes.frontend, "base64"),
    backend: Buffer.from(bytes.backend, "base64"),
  };
});

function frames(from: "frontend" | "backend", ...chunks: Buffer[]): Buffer[] {
  const reader = new FrameReader({ from, maxBuffered: 1 << 20 });
  const found: Buffer[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let item = reader.next(); item !== undefined; item = reader.next())
      found.push(...eachFrame(item.bytes));
  }
  return found;
}

const types = (found: Buffer[]) =>
  found.map((frame) => String.fromCharCode(frame[0] ?? 0)).join("");

describe.each(fixtures)("$name", (fixture) => {
  test.each(["frontend", "backend"] as const)("%s: whole at every split", (from) => {
    const bytes = fixture[from];
    for (let cut = 0; cut <= bytes.length; cut++) {
      const found = frames(from, bytes.subarray(0, cut), bytes.subarray(cut));
      expect(types(found)).toBe(fixture.seen[from]);
      expect(Buffer.concat(found).equals(bytes)).toBe(true);
    }
  });

  test("the startup packet, whole at every split", () => {
    const { startup } = fixture;
    for (let cut = 0; cut < startup.length; cut++) {
      const reader = new StartupReader();
      reader.push(startup.subarray(0, cut));
      expect(reader.next()).toBeUndefined();
      reader.push(Buffer.concat([startup.subarray(cut), fixture.frontend]));
      expect(reader.next()).toEqual(parseStartupPacket(startup));
      expect(reader.rest()).toEqual(fixture.frontend);
    }
    const packet = parseStartupPacket(startup);
    const parameters = packet.kind === "startup" ? packet.parameters : new Map<string, string>();
    expect(parameters.get("user")).toBe("postgres");
    expect(toTarget.startupMessage(parameters)).toEqual(startup);
  });

  test("what we read from it we write back, byte for byte", () => {
    for (const frame of frames("frontend", fixture.frontend))
      expect(sayAgain(parseFrontend(frame))).toEqual(frame);
    for (const frame of frames("backend", fixture.backend))
      expect(answerAgain(parseBackend(frame)) ?? frame).toEqual(frame);
  });

  test("pg-protocol reads the same from it", async () => {
    const theirs: Record<string, unknown>[] = [];
    // It has no idea of FunctionCallResponse.
    const known = frames("backend", fixture.backend).filter(
      (frame) => frame[0] !== Backend.FunctionCallResponse,
    );
    await independentParse(Readable.from([Buffer.concat(known)]), (message) =>
      theirs.push({ ...message, ...(message instanceof Error && { message: message.message }) }),
    );
    expect(theirs).toHaveLength(known.length);
    for (const [index, frame] of known.entries())
      expect(theirs[index]).toMatchObject(inTheirWords(frame));
  });

  test("mutated, it gives messages or a ProtocolError, nothing else", () => {
    const mutation = fc.record({
      from: fc.constantFrom("frontend" as const, "backend" as const),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.nat(6),
      put: fc.uint8Array({ maxLength: 6 }),
    });
    fc.assert(
      fc.property(mutation, ({ from, at, cut, put }) => {
        const bytes = fixture[from];
        const place = Math.floor(at * bytes.length);
        const broken = Buffer.concat([bytes.subarray(0, place), put, bytes.subarray(place + cut)]);
        const read = from === "frontend" ? parseFrontend : parseBackend;
        const thrown: unknown[] = [];
        for (const frame of caught(() => frames(from, broken), thrown) ?? []) {
          caught(() => read(frame), thrown);
          caught(() => parseDataRow(frame), thrown);
        }
        expect(thrown.filter((error) => !(error instanceof ProtocolError))).toEqual([]);
      }),
      { numRuns: 3_000 },
    );
  });
});

function caught<T>(run: () => T, thrown: unknown[]): T | undefined {
  try {
    return run();
  } catch (error) {
    thrown.push(error);
    return undefined;
  }
}

/** What pg-protocol is to give for a frame, from what we read in it. */
function inTheirWords(frame: Buffer): object {
  const message = parseBackend(frame);
  switch (message.kind) {
    case "parameter-status":
      return { parameterName: message.name, parameterValue: message.value };
    case "backend-key-data":
      return { processID: message.pid, secretKey: message.key.readInt32BE() };
    case "ready-for-query":
      return { name: "readyForQuery", status: message.status };
    case "row-description":
      return {
        fields: message.fields.map((field) => ({
          name: field.name,
          tableID: field.table,
          columnID: field.attribute,
          dataTypeID: field.type,
          dataTypeSize: field.typeSize,
          dataTypeModifier: field.typeModifier,
          format: field.format === 0 ? "text" : "binary",
        })),
      };
    case "data-row":
      return { fields: parseDataRow(frame).map((value) => value?.toString() ?? null) };
    case "command-complete":
      return { text: message.tag };
    case "error":
    case "notice": {
      const { severityLocalized, severity: _, sqlstate, ...rest } = message.fields;
      return { name: message.kind, severity: severityLocalized, code: sqlstate, ...rest };
    }
    case "parameter-description":
      return { dataTypeIDs: message.types };
    case "notification":
      return { processId: message.pid, channel: message.channel, payload: message.payload };
    case "copy-in":
    case "copy-out":
    case "copy-both":
      return { binary: message.format === 1, columnTypes: message.columnFormats };
    case "copy-data":
      return { chunk: frame.subarray(5) };
    case "authentication":
      return { name: "authenticationOk" };
    case "parse-complete":
      return { name: "parseComplete" };
    case "bind-complete":
      return { name: "bindComplete" };
    case "close-complete":
      return { name: "closeComplete" };
    case "empty-query":
      return { name: "emptyQuery" };
    case "no-data":
      return { name: "noData" };
    case "portal-suspended":
      return { name: "portalSuspended" };
    case "copy-done":
      return { name: "copyDone" };
    case "function-call-response":
    case "negotiate-protocol-version":
      return {};
  }
}
