import type { Vault } from "./vault.ts";

const jobs = {
  "ci-runner": { groups: ["ci"], owner: "bob" },
  "contractor-agent": { groups: ["contractors"], owner: "bob" },
} as const;
const people = { alice: { groups: ["dba"] }, bob: { groups: ["dba"] } } as const;

/** The file of examples/identity-provider: the demo's jobs and people, each with a secret of its own. */
export function identities(vault: Vault): string {
  const withSecret = <T extends object>(all: Readonly<Record<string, T>>, field: string): object =>
    Object.fromEntries(
      Object.entries(all).map(([name, one]) => [
        name,
        { ...one, [field]: vault.secret(`identity-${name}`) },
      ]),
    );
  const own = "/etc/identity/tls";
  return JSON.stringify({
    issuer: "https://identity:9400",
    certificate: `${own}/server.pem`,
    key: `${own}/server.key`,
    jobs: withSecret(jobs, "secret"),
    people: withSecret(people, "password"),
  });
}
