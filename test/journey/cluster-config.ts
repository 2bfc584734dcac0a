import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ConfigText } from "@sallyport/contracts";

const demo = fileURLToPath(new URL("../../examples/demo/", import.meta.url));

/** The tables that a cluster has when a test brings none: customers with classified columns, and their orders. */
export const shopSchema = join(demo, "shop.sql");

export interface ConfigParts {
  readonly directory: string;
  readonly issuer: string;
  readonly target: { readonly port: number; readonly ca: string | undefined };
  /** Cedar text; the demo's policies by default. */
  readonly policies: string | undefined;
  /** Last changes, on what stands below. */
  readonly change: ((config: ConfigText) => void) | undefined;
}

/** Writes sallyport.yaml (JSON is YAML) and its policies; gives the config's path. */
export function writeClusterConfig(parts: ConfigParts): string {
  const { directory, issuer, target, policies, change } = parts;
  const config: ConfigText = {
    listen: {
      postgres: { address: "127.0.0.1:0", tls: "self-signed" },
      authn: "127.0.0.1:0",
      policy: "127.0.0.1:0",
      approval: "127.0.0.1:0",
      recorder: "127.0.0.1:0",
    },
    identity: {
      issuers: {
        corp: { issuer, audience: "sallyport", kind: { claim: "kind", person: ["user"] } },
      },
    },
    connections: {
      shop: {
        protocol: "postgres",
        target: {
          host: "127.0.0.1",
          port: target.port,
          database: "shop",
          ...(target.ca === undefined ? { tls: "off" } : { tls: "verify-full", ca: target.ca }),
        },
        credentials: { username: "shop_app", password: { env: "SHOP_PASSWORD" } },
        tags: ["production"],
        columns: {
          "public.customers.email": ["pii"],
          "public.customers.card_number": ["pii", "pci"],
        },
      },
    },
    policies: "./policies",
    approvals: { groups: { "corp/dba": { members: ["corp#alice", "corp#bob"] } } },
    archive: { directory: "./archive", every: "1s" },
    // Where it is not the time itself that is tested, a busy machine refuses nothing.
    limits: { verdict: "10s" },
    drain: "2s",
    log: "debug",
  };
  change?.(config);
  const folder = join(directory, "policies");
  mkdirSync(folder);
  if (policies === undefined) cpSync(join(demo, "policies"), folder, { recursive: true });
  else writeFileSync(join(folder, "policies.cedar"), policies);
  const file = join(directory, "sallyport.yaml");
  writeFileSync(file, JSON.stringify(config, null, 2));
  return file;
}
