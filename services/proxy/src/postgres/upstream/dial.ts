import { X509Certificate } from "node:crypto";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { toTarget } from "@sallyport/pgwire";
import type { Channel } from "./login.ts";
import { serverEndPoint } from "./scram.ts";
import { TargetError } from "./target-error.ts";

export interface TargetAddress {
  /** Name or IP address. */
  readonly host: string;
  readonly port: number;
  /** `require`: encrypted, whoever it is. `verify-full`: by a known authority, for this host. */
  readonly tls: "off" | "require" | "verify-full";
  /** PEM of the authorities for `verify-full`; by default, those of this Node. */
  readonly ca?: string | undefined;
}

/**
 * Every plain connection to a target is read into this one: the system's bytes are handed on before the next read. Only
 * what stays with somebody is copied.
 */
let shared: Buffer | undefined;
const readAtOnce = 64 * 1024;

export interface Dialled {
  readonly socket: Socket;
  readonly channel: Channel;
}

/**
 * TCP, then TLS as the address wants it, both before `deadline` aborts. There is no way back from TLS
 * to plain text. What the target says goes to `take`, whose bytes are written over when it returns, unless the socket is
 * paused. Its errors end nobody else: who uses it watches `close`. @throws TargetError
 */
export async function dial(
  address: TargetAddress,
  deadline: AbortSignal,
  take: (bytes: Buffer) => void,
): Promise<Dialled> {
  const buffer = (shared ??= Buffer.allocUnsafeSlow(readAtOnce));
  const plain = connectTcp({
    host: address.host,
    port: address.port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    ...(address.tls === "off" && {
      onread: {
        buffer,
        callback(length: number) {
          take(buffer.subarray(0, length));
          return true;
        },
      },
    }),
  });
  plain.on("error", () => undefined);
  await settled(plain, "connect", "target-unreachable", deadline);
  if (address.tls === "off")
    return { socket: plain, channel: { private: isLoopback(plain), serverEndPoint: undefined } };

  plain.write(toTarget.sslRequest);
  const answer = await readAnswer(plain, deadline);
  // More than one byte: somebody put in what we would take as sent within TLS (CVE-2021-23222).
  if (answer.length !== 1 || answer[0] !== 0x53) {
    plain.destroy();
    throw new TargetError("target-tls", "the target offers no TLS");
  }
  const secure = connectTls({
    socket: plain,
    host: address.host,
    ...(isIP(address.host) === 0 && { servername: address.host }),
    rejectUnauthorized: address.tls === "verify-full",
    ...(address.ca !== undefined && { ca: address.ca }),
    ALPNProtocols: ["postgresql"],
    minVersion: "TLSv1.2",
  });
  secure.on("error", () => undefined);
  await settled(secure, "secureConnect", "target-tls", deadline);
  secure.on("data", take);
  const certificate = secure.getPeerX509Certificate();
  return {
    socket: secure,
    channel: {
      private: true,
      serverEndPoint:
        certificate instanceof X509Certificate ? serverEndPoint(certificate) : undefined,
    },
  };
}

/** Waits for one event of a socket, which is destroyed if anything else comes first. */
function settled(
  socket: Socket,
  event: "connect" | "secureConnect" | "readable",
  code: "target-unreachable" | "target-tls",
  deadline: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const off = () => {
      socket.off(event, done).off("error", failed).off("close", closed);
      deadline.removeEventListener("abort", late);
    };
    const done = () => {
      off();
      resolve();
    };
    const fail = (error: TargetError) => {
      off();
      socket.destroy();
      reject(error);
    };
    const failed = (cause: Error) => fail(new TargetError(code, cause.message, { cause }));
    const closed = () => fail(new TargetError(code, "the target hung up"));
    const late = () =>
      fail(new TargetError("target-deadline", "the target did not answer in time"));
    socket.on(event, done).on("error", failed).on("close", closed);
    if (deadline.aborted) late();
    else deadline.addEventListener("abort", late, { once: true });
  });
}

async function readAnswer(socket: Socket, deadline: AbortSignal): Promise<Buffer> {
  for (;;) {
    await settled(socket, "readable", "target-tls", deadline);
    const bytes: unknown = socket.read();
    if (Buffer.isBuffer(bytes)) return bytes;
    if (socket.readableEnded || socket.destroyed) return Buffer.alloc(0);
  }
}

function isLoopback(socket: Socket): boolean {
  const address = socket.remoteAddress ?? "";
  return address === "::1" || /^(?:::ffff:)?127\./.test(address);
}
