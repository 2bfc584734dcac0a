import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { openPlace } from "./open-archive.ts";

/** Runs a module that says whether the S3 client was looked for. */
async function looksForClient(code: string): Promise<boolean> {
  const { href } = new URL("./index.ts", import.meta.url);
  const script = `
    import { registerHooks } from "node:module";
    let looked = false;
    registerHooks({
      resolve(specifier, context, next) {
        looked ||= specifier.startsWith("@aws-sdk/");
        return next(specifier, context);
      },
    });
    const { openArchive } = await import(${JSON.stringify(href)});
    await openArchive({ config: { archive: ${code} }, resolve: (path) => path });
    console.log(looked);
  `;
  const args = ["--input-type=module", "--eval", script];
  return (await promisify(execFile)(process.execPath, args)).stdout.trim() === "true";
}

test("what archives to a directory does not load the S3 client", async () => {
  expect(await looksForClient(`{ directory: "/archive", every: 1 }`)).toBe(false);
  expect(
    await looksForClient(`{ directory: "/archive", every: 1, s3: { bucket: "b", prefix: "" } }`),
  ).toBe(true);
}, 60_000);

test("an archive has a name", async () => {
  expect((await openPlace("/var/archive")).place).toBe("/var/archive");
  expect((await openPlace("s3://evidence")).place).toBe("s3://evidence");
  expect((await openPlace("s3://evidence/sallyport/prod/")).place).toBe(
    "s3://evidence/sallyport/prod",
  );
  for (const place of ["s3://E", "s3://evidence//a", "s3://evidence/ a"])
    await expect(openPlace(place)).rejects.toThrow(`\`${place}\` is no place`);
});
