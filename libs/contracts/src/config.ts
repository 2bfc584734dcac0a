import { z } from "zod";
import { Detect } from "./detectors.ts";
import { Name } from "./ids.ts";

const unitsOfTime = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const unitsOfSize = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 } as const;

/** `500ms`, `10s`, `15m`, `8h`, `1d`; read as milliseconds. */
export const Duration = z
  .string()
  .regex(/^[1-9][0-9]{0,8}(ms|s|m|h|d)$/, "a duration such as `500ms`, `10s`, `15m`, `8h`")
  .transform((text) => {
    const unit = /[a-z]+$/.exec(text)?.[0] as keyof typeof unitsOfTime;
    return Number.parseInt(text, 10) * unitsOfTime[unit];
  });

/** `64KiB`, `4MiB`, `1GiB`; read as bytes. */
export const Size = z
  .string()
  .regex(/^[1-9][0-9]{0,8}(B|KiB|MiB|GiB|TiB)$/, "a size such as `64KiB`, `4MiB`, `1GiB`")
  .transform((text) => {
    const unit = /[A-Za-z]+$/.exec(text)?.[0] as keyof typeof unitsOfSize;
    return Number.parseInt(text, 10) * unitsOfSize[unit];
  });

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:6432`, `[::1]:6432`, `localhost:0`; port 0 takes a free one. */
const AddressText = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[^\s:[\]]+):\d{1,5}$/, "an address such as `127.0.0.1:6432`")
  .transform((text): Address => {
    const colon = text.lastIndexOf(":");
    return {
      host: text.slice(0, colon).replace(/^\[|\]$/g, ""),
      port: Number(text.slice(colon + 1)),
    };
  })
  .refine(({ port }) => port <= 65_535, "a port between 0 and 65535");

/** YAML 1.2 reads `off` as a word; `false` is taken too. */
const off = z.union([z.literal("off"), z.literal(false)]).transform(() => "off" as const);

const certificate = z.strictObject({ cert: z.string(), key: z.string() });

const httpListener = z.union([
  AddressText.transform((address) => ({ address, tls: "off" as const })),
  z.strictObject({ address: AddressText, tls: z.union([off, certificate]).default("off") }),
]);

/** A secret is named, never written: an environment variable or a file. */
export const SecretRef = z.union([
  z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) }),
  z.strictObject({ file: z.string().min(1) }),
]);
export type SecretRef = z.infer<typeof SecretRef>;

/** What a token of an issuer stands for: one kind for all, or read from a claim. */
const kind = z.union([
  z.enum(["workload", "person"]),
  z.strictObject({ claim: z.string(), person: z.array(z.string()).min(1) }),
]);

/** Every asymmetric signature algorithm of RFC 7518 and RFC 8037 that JSON Web Tokens are taken with. */
export const asymmetricAlgorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;

export const Issuer = z.strictObject({
  issuer: z.url(),
  audience: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  kind: kind.default("workload"),
  /** Claim paths, dots between the steps. */
  subject: z.string().default("sub"),
  groups: z.string().default("groups"),
  owner: z.string().default("owner"),
  /** Claims that policies may look at as `context.claims`. */
  claims: z.array(z.string()).max(32).default([]),
  algorithms: z.array(z.enum(asymmetricAlgorithms)).min(1).optional(),
  max_token_lifetime: Duration.default(3_600_000),
  session: z.union([Duration, z.literal("until-token-expires")]).default(8 * 3_600_000),
});
export type Issuer = z.infer<typeof Issuer>;

const issuerName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "a name such as `corp`");

const tag = z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, "a tag such as `pii` (`builtin:` is ours)");

const PostgresTarget = z.strictObject({
  host: z.string().min(1),
  port: z.number().int().min(1).max(65_535).default(5432),
  database: z.string().min(1),
  tls: z.union([off, z.enum(["require", "verify-full"])]).default("verify-full"),
  /** PEM file of the certificate authority for `verify-full`; the system's when left out. */
  ca: z.string().optional(),
});

export const Connection = z.strictObject({
  protocol: z.literal("postgres"),
  target: PostgresTarget,
  credentials: z.strictObject({ username: z.string().min(1), password: SecretRef.optional() }),
  tags: z.array(tag).max(32).default([]),
  /** Classification: `schema.table.column`, each as quote_ident writes it, to tags. */
  columns: z.record(z.string(), z.array(tag).min(1).max(32)).default({}),
  record: z.enum(["rows", "digest", "none"]).default("rows"),
  /** What is looked for, and masked, in texts of columns that nobody classified; `[card, secret]`, or with a masker each. */
  detect: Detect.optional(),
});
export type Connection = z.infer<typeof Connection>;

const groupName = z.string().regex(/^[a-z][a-z0-9-]{0,31}\/.+$/, "a group such as `corp/dba`");

const principalName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}#.+$/, "a principal such as `corp#alice`");

/** Who is told of holds: Standard Webhooks, a POST an event. */
export const Webhook = z.strictObject({
  kind: z.literal("webhook"),
  /** What logs and pages call it, because a URL may itself be a secret; the URL's host when left out. */
  name: z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9._:-]{0,62}$/, "a name such as `chat`")
    .optional(),
  /** https, or http to loopback. */
  url: z.url(),
  /** `whsec_…`; each message is signed with all of several, so that a receiver may have any of them. */
  secret: z.union([SecretRef, z.array(SecretRef).min(1).max(4)]),
  /** PEM file of the certificate authority of the receiver; the system's when left out. */
  ca: z.string().min(1).optional(),
  /** How long one attempt may take. */
  timeout: Duration.refine((value) => value <= 30_000, "at most 30s").default(10_000),
});
export type Webhook = z.infer<typeof Webhook>;

export const Approvals = z.strictObject({
  /** Members beside those whose token carries the group. */
  groups: z.record(groupName, z.strictObject({ members: z.array(principalName) })).default({}),
  notify: z.array(Webhook).max(8).default([]),
});

/** OAUTHBEARER (RFC 7628): the server has to name one way of logging in, so it is chosen by the user's name. */
const OAuthListener = z.strictObject({
  /** The names, which mean nothing else here, that log in by OAUTHBEARER; `*` is everybody. */
  users: z.array(z.string().min(1).max(63)).min(1).max(64).default(["oauth"]),
  /** The issuer that clients are sent to for a token; the first one when left out. */
  issuer: issuerName.optional(),
  /** What clients are told to ask for (RFC 6749, 3.3). */
  scope: z
    .string()
    .regex(
      /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/,
      "a list of scopes such as `openid groups`",
    )
    .default("openid"),
});

const postgresListener = z.strictObject({
  address: AddressText.default({ host: "127.0.0.1", port: 6432 }),
  tls: z.union([off, z.literal("self-signed"), certificate]).default("self-signed"),
  oauth: z.union([off, OAuthListener]).prefault({}),
});

/** What an archive on S3 is; credentials come from the SDK's own chain, never from here. */
export const S3Archive = z.strictObject({
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "a bucket's name"),
  /** Before every key, without a slash at its ends. */
  prefix: z
    .string()
    .max(256)
    .regex(
      /^([A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*)?$/,
      "a prefix such as `sallyport/production`",
    )
    .default(""),
  /** What the SDK's chain says when left out; `us-east-1` with an endpoint. */
  region: z.string().min(1).optional(),
  /** Of an S3 server other than Amazon's. Its buckets stand in the path, unless `path_style: false` says otherwise. */
  endpoint: z.url({ protocol: /^https?$/ }).optional(),
  path_style: z.boolean().optional(),
  /** Retention of each object, in a bucket with Object Lock; the bucket's own default when left out. */
  lock: z
    .strictObject({
      mode: z.enum(["governance", "compliance"]),
      days: z.number().int().min(1).max(36_500),
    })
    .optional(),
});
export type S3Archive = z.infer<typeof S3Archive>;

/** YAML 1.2 reads `on` as a word; `true` is taken too. */
const onOff = z
  .union([z.literal("on"), z.literal(true), off])
  .transform((value) => value === "on" || value === true);

/** Traces and metrics for an operator's own tools; left out, nothing of it is even loaded. */
export const TelemetryConfig = z.strictObject({
  /** OTLP over HTTP: `/v1/traces` and `/v1/metrics` are put behind the endpoint. */
  otlp: z
    .strictObject({
      endpoint: z.url({ protocol: /^https?$/ }),
      headers: z
        .record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/, "a header's name"), SecretRef)
        .default({}),
      encoding: z.enum(["protobuf", "json"]).default("protobuf"),
      /** PEM file of the certificate authority of the endpoint; the system's when left out. */
      ca: z.string().min(1).optional(),
      /** How often metrics are sent. */
      every: Duration.default(10_000),
    })
    .optional(),
  /** `/metrics` on the HTTP listener of each service. */
  prometheus: onOff.default(false),
  traces: z
    .strictObject({
      /** The part of the commands whose trace is kept. */
      ratio: z.number().min(0).max(1).default(1),
      /** Whether spans hold the text of statements; never parameters. */
      statements: onOff.default(false),
    })
    .prefault({}),
});
export type TelemetryConfig = z.infer<typeof TelemetryConfig>;

/** sallyport.yaml. Relative paths are relative to the file. */
export const Config = z.strictObject({
  $schema: z.string().optional(),
  listen: z
    .strictObject({
      postgres: postgresListener.prefault({}),
      authn: httpListener.prefault("127.0.0.1:6471"),
      policy: httpListener.prefault("127.0.0.1:6472"),
      approval: httpListener.prefault("127.0.0.1:6473"),
      recorder: httpListener.prefault("127.0.0.1:6474"),
      proxy: httpListener.prefault("127.0.0.1:0"),
    })
    .prefault({}),
  nats: z
    .strictObject({
      servers: z.array(z.string()).min(1),
      credentials: z.string().min(1),
      /** The server's monitoring page, where the sync interval can be read; without it durability counts as `buffered`. */
      monitoring: z.url().optional(),
    })
    .optional(),
  keys: z.strictObject({ directory: z.string().min(1) }).optional(),
  durability: z.enum(["fsync", "replicated", "buffered"]).default("buffered"),
  identity: z.strictObject({
    issuers: z
      .record(issuerName, Issuer)
      .refine((all) => Object.keys(all).length > 0, "at least one issuer"),
  }),
  connections: z.record(Name, Connection),
  policies: z.union([
    z
      .string()
      .min(1)
      .transform((directory) => ({ directory, baseline: true })),
    z.strictObject({
      directory: z.string().min(1),
      baseline: z
        .union([z.literal("on"), z.literal(true), off])
        .default("on")
        .transform((value) => value !== "off"),
    }),
  ]),
  approvals: Approvals.prefault({}),
  archive: z
    .strictObject({
      directory: z.string().min(1).default("./archive"),
      every: Duration.default(10_000),
      /** Instead of a directory. */
      s3: S3Archive.optional(),
    })
    .prefault({}),
  limits: z
    .strictObject({
      statement: Size.default(1024 ** 2),
      unrecorded_output: Size.default(4 * 1024 ** 2),
      /** Of rows or COPY data that a command may bring; left out, any. */
      result_size: Size.optional(),
      handshake: Duration.default(10_000),
      verdict: Duration.default(2000),
      record: Size.default(1024 ** 3),
      output: Size.default(4 * 1024 ** 3),
      /** Sessions at a time, on all workers together; not limited when left out. */
      sessions_per_principal: z.number().int().min(1).optional(),
      sessions_per_connection: z.number().int().min(1).optional(),
      /** How long a session may be idle, idle inside a transaction, or there at all; not limited when left out. */
      idle: Duration.optional(),
      idle_in_transaction: Duration.optional(),
      session: Duration.optional(),
    })
    .prefault({}),
  telemetry: TelemetryConfig.optional(),
  drain: Duration.default(30_000),
  log: z.enum(["debug", "info", "warn", "error"]).default("info"),
});
export type Config = z.infer<typeof Config>;
/** The same as people write it. */
export type ConfigText = z.input<typeof Config>;
