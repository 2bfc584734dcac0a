/** Ends with 0 when node_modules holds what package-lock.json asks for, by npm's own note of what it installed. */
import { readFileSync } from "node:fs";

interface Lock {
  packages: Record<
    string,
    { version?: string; integrity?: string; link?: boolean; optional?: boolean } | undefined
  >;
}

function packages(path: string): Lock["packages"] {
  const lock: Lock = JSON.parse(readFileSync(path, "utf8"));
  return lock.packages;
}

function fits(): boolean {
  const installed = packages("node_modules/.package-lock.json");
  return Object.entries(packages("package-lock.json")).every(([path, wanted]) => {
    if (!path.includes("node_modules/")) return true; // ours
    const there = installed[path];
    if (!there) return wanted?.optional === true; // for another platform
    return there.version === wanted?.version && there.integrity === wanted?.integrity;
  });
}

try {
  process.exitCode = fits() ? 0 : 1;
} catch {
  process.exitCode = 1;
}
