import type { Socket } from "node:net";
import type { Startup } from "@sallyport/pgwire";

/** A client that has sent its StartupMessage. */
export interface Incoming {
  /**
   * Plain or TLS. Nothing flows until somebody listens or resumes. Its errors end nobody: who uses it watches
   * `close`.
   */
  readonly socket: Socket;
  readonly startup: Startup;
  /** Bytes that came behind the StartupMessage, for a FrameReader. */
  readonly rest: Buffer;
  /** Protocol and cipher, such as `TLSv1.3 TLS_AES_256_GCM_SHA384`; null without TLS. */
  readonly tls: string | null;
  /** Where the client is, as `ip:port` or `[ip]:port`. */
  readonly address: string;
  /** Of the whole log-in, from the accept on. It aborts later in any case: who has logged in stops listening. */
  readonly deadline: AbortSignal;
}

/** A CancelRequest. It gets no answer, and its connection is closed. */
export interface CancelRequest {
  readonly pid: number;
  readonly key: Buffer;
}
