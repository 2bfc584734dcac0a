import { Backend, Frontend, type ProtocolErrorCode } from "@sallyport/pgwire";

export interface Bounds {
  readonly from: "frontend" | "backend";
  readonly maxFrame: number;
  readonly maxBuffered: number;
}

/** What a stream is made of: whole messages, then the reason why it ends or how much of another message there is. */
export interface Plain {
  readonly frames: readonly Buffer[];
  readonly error: ProtocolErrorCode | null;
  readonly left: number;
}

const short: readonly number[] = [...Buffer.from("CDEHSXcf")];

/** The same as FrameReader, of all bytes at once and without its care for memory: the second opinion. */
export function plainFrames(bytes: Buffer, bounds: Bounds): Plain {
  const { from, maxFrame, maxBuffered } = bounds;
  const types: readonly number[] = Object.values(from === "frontend" ? Frontend : Backend);
  const frames: Buffer[] = [];
  let at = 0;
  const end = (error: ProtocolErrorCode | null): Plain => ({
    frames,
    error,
    left: bytes.length - at,
  });
  while (bytes.length - at >= 5) {
    const type = bytes.readUInt8(at);
    const length = bytes.readUInt32BE(at + 1);
    if (!types.includes(type)) return end("message-type");
    if (length < 4) return end("frame-length");
    const bulk = "d" === String.fromCharCode(type) || (from === "backend" && type === 0x44);
    let most = bulk ? maxFrame : maxBuffered;
    if (from === "frontend" && short.includes(type)) most = Math.min(most, 10_005);
    if (from === "frontend" && type === 0x70) most = Math.min(most, 65_540);
    if (length + 1 > most) return end("frame-too-large");
    if (bytes.length - at < length + 1) break;
    frames.push(bytes.subarray(at, at + length + 1));
    at += length + 1;
  }
  return end(null);
}
