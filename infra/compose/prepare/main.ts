import { join } from "node:path";
import { busUser, natsServerConfig } from "../../../libs/bus/src/index.ts";
import { identities } from "./people.ts";
import { storageKey, storageUsers, type StorageUser } from "./storage.ts";
import { Vault } from "./vault.ts";
import { fillVolume, ownVolume, type Files } from "./volume.ts";

const volumes = "/volumes";
const volume = (name: string): string => join(volumes, name);

/**
 * Makes what is missing of this deployment's keys, passwords and certificates, and lays into each container's volume
 * what is its own. Runs to its end before anything else starts, without a network.
 */
async function main(): Promise<void> {
  const vault = new Vault(volume("vault"));
  const users = await vault.credentials(["w1"]);
  const certificateOf = (name: string): Promise<Files> =>
    vault.certificate([name, "localhost", "127.0.0.1"]);
  const credentials = (...names: string[]): Files =>
    copied(
      vault,
      "credentials",
      names.map((name) => `${name}.json`),
    );
  const keys = (...names: string[]): Files => copied(vault, "keys", names);
  const storage = (user: StorageUser): Files => ({ "aws-credentials": storageKey(vault, user) });

  const own: Readonly<Record<string, Files>> = {
    authn: { ...credentials("authn", "witness"), ...keys("sealing.key"), ...storage("authn") },
    policy: credentials("policy"),
    approval: { ...credentials("approval"), ...keys("sealing.pub"), ...storage("approval") },
    recorder: { ...credentials("recorder"), ...keys("signing.key"), ...storage("recorder") },
    proxy: {
      ...credentials("w1"),
      ...keys("masking.key", "sealing.pub"),
      "shop.password": vault.secret("shop"),
    },
    setup: credentials("setup", "operator"),
    bucket: storage("bucket"),
    sally: { ...credentials("operator"), ...keys("signing.pub"), ...storage("sally") },
    identity: { "identities.json": identities(vault) },
    s3: { "users.json": storageUsers(vault) },
  };
  for (const [name, files] of Object.entries(own))
    fillVolume(volume(name), "node", { ...files, ...(await certificateOf(name)) });

  fillVolume(volume("nats"), "node", {
    "nats.conf": natsServerConfig({
      users: users.map(busUser),
      host: "0.0.0.0",
      port: 4222,
      monitoring: { host: "0.0.0.0", port: 8222 },
      storeDirectory: "/data",
      durability: "fsync",
    }),
  });
  fillVolume(volume("shop"), "postgres", {
    "postgres.password": vault.secret("postgres"),
    "shop_app.password": vault.secret("shop"),
  });
  ownVolume(volume("nats-data"), "node");
  ownVolume(volume("s3-data"), "node");
  ownVolume(volume("shop-data"), "postgres");
}

const copied = (vault: Vault, folder: string, files: readonly string[]): Files =>
  Object.fromEntries(files.map((file) => [`${folder}/${file}`, vault.read(folder, file)]));

main().catch((cause: unknown) => {
  process.stderr.write(
    `${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}\n`,
  );
  process.exitCode = 1;
});
