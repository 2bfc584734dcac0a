import { mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { createUser, fromSeed } from "@nats-io/nkeys";
import { Name } from "@sallyport/contracts";
import { z } from "zod";

export const Role = z.enum([
  "worker",
  "policy",
  "approval",
  "authn",
  "recorder",
  "operator",
  "setup",
  "witness",
]);
export type Role = z.infer<typeof Role>;

/** A file `<user>.json`: who one process is on the bus. A worker's name and partition are fixed in it. */
export const Credentials = z.strictObject({
  v: z.literal(1),
  role: Role,
  user: Name,
  partition: z.number().int().min(0).max(9999),
  /** A NATS nkey user seed. */
  seed: z.string().regex(/^SU[A-Z2-7]{56}$/, "an nkey user seed"),
  /** Of the witness: the public keys whose use it looks for, by user. */
  watches: z.record(Name, z.string().regex(/^U[A-Z2-7]{55}$/, "an nkey public key")).optional(),
});
export type Credentials = z.infer<typeof Credentials>;

/** What the server's configuration needs of a user: the public key, never the seed. */
export interface BusUser {
  readonly role: Role;
  readonly user: string;
  readonly partition: number;
  readonly publicKey: string;
}

const services = Role.options.filter((role) => role !== "worker" && role !== "witness");
/** A worker of such a name could write as a service, or hear what is said to all. */
const reserved = new Set<string>([...Role.options, "all"]);
/** Keys of people and of the set-up, with which a deployment is changed: their use is evidence. */
const watched: readonly Role[] = ["operator", "setup"];

export const publicKeyOf = ({ seed }: Credentials): string =>
  fromSeed(Buffer.from(seed)).getPublicKey();

export const busUser = (credentials: Credentials): BusUser => ({
  role: credentials.role,
  user: credentials.user,
  partition: credentials.partition,
  publicKey: publicKeyOf(credentials),
});

/** Reads `<directory>/<user>.json`; the error names the file and never its content. */
export async function readCredentials(directory: string, user: string): Promise<Credentials> {
  const file = join(directory, `${user}.json`);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new Error(`credentials file \`${file}\` cannot be read`, { cause });
  }
  const parsed = Credentials.safeParse(jsonOrNull(text));
  if (!parsed.success || parsed.data.user !== user)
    throw new Error(`credentials file \`${file}\` is not one for user \`${user}\``);
  return parsed.data;
}

/**
 * Makes the missing files of a full set (mode 0600): one a service, one a worker, spread over the partitions.
 * What is there stays as it is, but for the witness, whose file names the keys that it watches. Returns all of them; throws when a worker's file names another partition.
 */
export async function createCredentials(
  directory: string,
  options: { workers: readonly string[]; partitions?: number },
): Promise<Credentials[]> {
  const partitions = options.partitions ?? 1;
  for (const name of options.workers) {
    if (!Name.safeParse(name).success || reserved.has(name))
      throw new Error(`\`${name}\` is no name for a worker`);
  }
  if (new Set(options.workers).size !== options.workers.length)
    throw new Error("two workers have the same name");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const wanted = [
    ...services.map((role) => ({ role, user: role as string, partition: 0 })),
    ...options.workers.map((user, index) => ({
      role: "worker" as const,
      user,
      partition: index % partitions,
    })),
  ];
  const made = await Promise.all(
    wanted.map(async (one) => {
      const kept = await createOrRead(directory, one);
      if (kept.role !== one.role || kept.partition !== one.partition)
        throw new Error(
          `credentials of \`${one.user}\` are for another role or partition: ${directory}`,
        );
      return kept;
    }),
  );
  return [...made, await createWitness(directory, made)];
}

/** The witness, told which keys to watch now: a key that was made anew is watched from the next start of authn. */
async function createWitness(directory: string, all: readonly Credentials[]): Promise<Credentials> {
  const kept = await createOrRead(directory, { role: "witness", user: "witness", partition: 0 });
  const watches = Object.fromEntries(
    all.filter(({ role }) => watched.includes(role)).map((one) => [one.user, publicKeyOf(one)]),
  );
  const wanted: Credentials = { ...kept, watches };
  if (isDeepStrictEqual(kept, wanted)) return kept;
  const file = join(directory, "witness.json");
  await writeFile(`${file}.${process.pid}.new`, `${JSON.stringify(wanted)}\n`, { mode: 0o600 });
  await rename(`${file}.${process.pid}.new`, file);
  return wanted;
}

async function createOrRead(
  directory: string,
  { role, user, partition }: Omit<Credentials, "v" | "seed">,
): Promise<Credentials> {
  const seed = Buffer.from(createUser().getSeed()).toString("utf8");
  const made: Credentials = { v: 1, role, user, partition, seed };
  const path = join(directory, `${user}.json`);
  let file;
  try {
    file = await open(path, "wx", 0o600);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return readCredentials(directory, user);
    throw cause;
  }
  try {
    await file.writeFile(`${JSON.stringify(made)}\n`);
    await file.sync();
  } catch (cause) {
    // On a full disk; what is half there would be refused for ever.
    await rm(path, { force: true });
    throw cause;
  } finally {
    await file.close();
  }
  return made;
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
