import { refreshAfter } from "./token-claims.ts";
import type { Credential } from "./credential.ts";

export interface FreshnessParts {
  readonly first: Credential;
  readonly fetch: () => Promise<Credential>;
  readonly use: (credential: Credential) => Promise<void>;
  /** A failure is told once, and tried again. */
  readonly complain: (message: string) => void;
}

/** Milliseconds between two tries. */
const again = 15_000;

/** Fetches another credential before the one in use ends, for clients that reconnect. Returns what stops that. */
export function keepFresh({ first, fetch, use, complain }: FreshnessParts): () => void {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let complained = false;
  const later = (wait: number | null): void => {
    if (stopped || wait === null) return;
    timer = setTimeout(() => void refresh(), wait);
    timer.unref();
  };
  const refresh = async (): Promise<void> => {
    try {
      const credential = await fetch();
      if (stopped) return;
      await use(credential);
      complained = false;
      later(refreshAfter(credential.expires, Date.now()));
    } catch (error) {
      if (!complained) complain(error instanceof Error ? error.message : String(error));
      complained = true;
      later(again);
    }
  };
  later(refreshAfter(first.expires, Date.now()));
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
