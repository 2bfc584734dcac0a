import type { Vault } from "./vault.ts";

export const bucket = "sallyport-evidence";

const all = (actions: readonly string[]): string[] =>
  actions.map((action) => `${action}:${bucket}`);
const read = all(["Read", "List", "GetBucketObjectLockConfiguration"]);
const write = [...read, ...all(["Write", "PutObjectRetention"])];

/** What each may do in the bucket; only `bucket` may make it, and runs once. */
const rights = {
  recorder: write,
  authn: write,
  approval: read,
  sally: read,
  bucket: ["Admin"],
} as const;
export type StorageUser = keyof typeof rights;

/** A user's key as the SDK's chain reads it from AWS_SHARED_CREDENTIALS_FILE. */
export function storageKey(vault: Vault, user: StorageUser): string {
  const { accessKey, secretKey } = keyOf(vault, user);
  return `[default]\naws_access_key_id = ${accessKey}\naws_secret_access_key = ${secretKey}\n`;
}

/** SeaweedFS' own list of who may do what. */
export function storageUsers(vault: Vault): string {
  const identities = Object.entries(rights).map(([name, actions]) => ({
    name,
    credentials: [keyOf(vault, name)],
    actions,
  }));
  return JSON.stringify({ identities }, null, 2);
}

const keyOf = (vault: Vault, user: string): { accessKey: string; secretKey: string } => ({
  accessKey: `sallyport-${user}`,
  secretKey: vault.secret(`storage-${user}`),
});
