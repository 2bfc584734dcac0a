import type { Archive } from "@sallyport/evidence";
import type { readSigningPublicKey } from "@sallyport/runtime";
import type { PostgresServer } from "@sallyport/testkit";

/** A worker, as clients see it. */
export interface Entrance {
  readonly name: string;
  /** Null: it takes no clients. */
  readonly clients: { readonly port: number } | null;
  /** PEM of the authority of its listener. */
  readonly ca: string | undefined;
}

/** What a health page says. */
export interface Readiness {
  readonly ready: boolean;
  readonly alarms: Readonly<Record<string, number>>;
}

/** A deployment as those see it who put load on it and look after it. */
export interface Deployed {
  readonly archive: Archive;
  readonly signing: ReturnType<typeof readSigningPublicKey>;
  readonly target: PostgresServer;
  readonly workers: readonly Entrance[];
  /** Each with a health page; null when nobody answers. */
  readonly machines: readonly { readonly name: string; ready(): Promise<Readiness | null> }[];
  /** Where approval services serve people now, as URLs. */
  readonly approvals: readonly string[];
  /** A token that is good for some minutes more: of job `ci-runner`, or of whom else. */
  token(who?: string): Promise<string>;
  /** A statement of somebody who has the target's password. */
  pastTheGateway(text: string): Promise<void>;
}

/** What the service at this address says of itself. */
export async function readPage(address: string | undefined): Promise<Readiness | null> {
  if (address === undefined) return null;
  try {
    const answer = await fetch(`${address}/readyz`, { signal: AbortSignal.timeout(2000) });
    return (await answer.json()) as Readiness;
  } catch {
    return null;
  }
}
