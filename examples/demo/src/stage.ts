import type { SallyResult } from "@sallyport/testkit";
import type { Client, ClientEnvironment } from "./client.ts";
import type { Who } from "./identities.ts";

/** What the story is played on: a gateway, a target behind it, people with tokens. Wherever these run. */
export interface Stage {
  readonly client: Client;
  readonly shop: {
    readonly password: string;
    /** Asks the target itself, past the gateway: what is true there. */
    count(from: string): Promise<number>;
    /** What the target was asked by the gateway, by its own log. */
    ran(text: string): Promise<boolean>;
  };
  readonly identities: {
    token(who: Who): string;
    /** What the token says, unverified: for showing. */
    claims(who: Who): Record<string, unknown>;
  };
  /** The authority of the gateway's certificate: a file, as a person would type it. */
  readonly authority: string;
  /** A client's environment: its name is a label, its token is the password. */
  as(who: Who): ClientEnvironment;
  /** A command line of `sally`, run where the config lies. */
  sally(args: readonly string[], as?: "alice" | "bob"): Promise<SallyResult>;
  /** The objects that `sally … --json` prints, one a line. */
  sallyJson(args: readonly string[], as?: "alice" | "bob"): Promise<Record<string, unknown>[]>;
}

/** The objects in what `--json` printed. */
export const objectsOf = ({ stdout }: SallyResult): Record<string, unknown>[] =>
  stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
