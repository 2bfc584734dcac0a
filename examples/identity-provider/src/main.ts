import { readFileSync } from "node:fs";
import { startOidcProvider } from "@sallyport/testkit";
import { readIdentities } from "./people.ts";

/** Seconds that a token is valid. */
const lifetime = 900;

const { issuer, certificate, key, jobs, people } = readIdentities();
const { hostname, port } = new URL(issuer);
const provider = await startOidcProvider({
  clients: jobs,
  people,
  lifetime,
  port: Number(port),
  outside: {
    name: hostname,
    certificate: readFileSync(certificate, "utf8"),
    key: readFileSync(key, "utf8"),
  },
});
process.stderr.write(`identity provider: ${provider.issuer}\n`);
for (const signal of ["SIGTERM", "SIGINT"] as const)
  process.once(signal, () => void provider.stop().then(() => process.exit(0)));
