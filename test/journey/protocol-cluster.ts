import { readFileSync } from "node:fs";
import { shopSchema } from "./cluster-config.ts";
import { startCluster, type Cluster, type ClusterOptions } from "./cluster.ts";
import { clearText } from "./raw-client.ts";

/** The policies of a protocol cluster, of which a test may want more. */
export const protocolPolicies = `
@id("ci-works-on-the-shop")
permit (principal in Group::"corp/ci", action in [Action::"connect", Action::"read", Action::"write"],
        resource in Connection::"shop");

@id("setters-set-too")
permit (principal in Group::"corp/setters", action in [Action::"set", Action::"impersonate"],
        resource in Connection::"shop");

@id("no-ddl-from-ci") @reason("schema changes go through the migration pipeline")
forbid (principal in Group::"corp/ci", action in Action::"define", resource);

@id("deletes-need-a-dba") @hold("corp/dba") @quorum("1") @wait("5m") @ttl("15m")
forbid (principal in Group::"corp/ci", action == Action::"delete", resource in Connection::"shop");

@id("soon-too-late") @hold("corp/dba") @quorum("1") @wait("2s") @ttl("15m")
forbid (principal in Group::"corp/ci", action == Action::"truncate", resource in Connection::"shop");

@id("pii-is-masked") @mask("email")
forbid (principal in Group::"corp/ci", action == Action::"read", resource in Tag::"pii")
unless { context.use == "lookup" };

@id("cards-show-four-digits") @mask("partial")
forbid (principal in Group::"corp/ci", action == Action::"read", resource in Tag::"pci");

@id("secrets-are-hashed") @mask("hash")
forbid (principal in Group::"corp/ci", action == Action::"read", resource in Tag::"secret");

@id("the-rest-is-struck-out") @mask("redact")
forbid (principal in Group::"corp/ci", action == Action::"read", resource in Tag::"hidden");

@id("some-do-as-they-like")
permit (principal in Group::"corp/free", action, resource in Connection::"shop");
`;

const kinds = `
CREATE TABLE kinds (id int PRIMARY KEY, card varchar(24), secret text, number int, words text[], doc jsonb, note char(6));
INSERT INTO kinds VALUES (1, '4929123456781881', 'canary-one', 4711, '{canary-two,b}', '{"canary": 3}', 'canary'),
                         (2, NULL, NULL, NULL, NULL, NULL, NULL);
`;

/** The tables of a protocol cluster. */
export const protocolSchema = readFileSync(shopSchema, "utf8") + kinds;

/**
 * A deployment for clients that go to the bounds of the protocol: `ci-runner` works under masks, holds and denials,
 * so does `setter`, who may change settings and roles; `free` may do everything. The target takes raw clients too.
 */
export function startProtocolCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { change, ...rest } = options;
  return startCluster({
    jobs: {
      "ci-runner": { groups: ["ci"], owner: "bob" },
      setter: { groups: ["ci", "setters"] },
      free: { groups: ["free"] },
      stranger: { groups: [] },
    },
    sql: protocolSchema,
    policies: protocolPolicies,
    postgres: { hba: clearText },
    change: (config) => {
      Object.assign(config.connections["shop"]?.columns ?? {}, {
        "public.kinds.card": ["pci"],
        "public.kinds.secret": ["secret"],
        "public.kinds.number": ["hidden"],
        "public.kinds.words": ["secret"],
        "public.kinds.doc": ["hidden"],
        "public.kinds.note": ["hidden"],
      });
      change?.(config);
    },
    ...rest,
  });
}
