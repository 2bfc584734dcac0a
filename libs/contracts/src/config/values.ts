import { z } from "zod";

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
export const AddressText = z
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
export const off = z.union([z.literal("off"), z.literal(false)]).transform(() => "off" as const);

/** YAML 1.2 reads `on` as a word; `true` is taken too. */
export const onOff = z
  .union([z.literal("on"), z.literal(true), off])
  .transform((value) => value === "on" || value === true);

/** A secret is named, never written: an environment variable or a file. */
export const SecretRef = z.union([
  z.strictObject({
    env: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
      .describe("the environment variable that holds it"),
  }),
  z.strictObject({ file: z.string().min(1).describe("the file that holds it") }),
]);
export type SecretRef = z.infer<typeof SecretRef>;
