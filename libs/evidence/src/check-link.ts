import { broken, type About, type Finding } from "./finding.ts";
import type { ReadManifest, StreamPart } from "./manifest.ts";

/** What must hold between a manifest and the one before it (null before the first). */
export function checkLink(
  previous: ReadManifest | null,
  current: ReadManifest,
  key: string,
): Finding[] {
  const { n, prev, record, output, missingBundles } = current.manifest;
  const findings: Finding[] = [];
  const about = { object: key };
  if (prev !== (previous?.hash ?? null))
    findings.push(
      broken("chain-broken", `manifest ${n} does not follow from the one before it`, about),
    );
  const streams = [
    checkStream(n, "record", previous?.manifest.record ?? null, record, about),
    checkStream(n, "output", previous?.manifest.output ?? null, output, about),
  ];
  for (const finding of streams.flat()) findings.push(finding);
  for (const revision of missingBundles)
    findings.push(
      broken("bundle-missing", `bundle revision ${revision} was lost before it was kept`, about),
    );
  return findings;
}

function checkStream(
  n: number,
  name: string,
  previous: StreamPart | null,
  current: StreamPart,
  about: About,
): Finding[] {
  const findings: Finding[] = [];
  const { first, last, position, anchor, holes, setBack } = current;
  const gap = (why: string): void => {
    findings.push(broken("sequence-gap", `manifest ${n}, ${name}: ${why}`, about));
  };
  if (setBack !== undefined)
    findings.push(
      broken(
        "set-back",
        `manifest ${n}, ${name}: the stream was set back from seq ${setBack.expected.seq}, ` +
          `it held ${setBack.found.first} to ${setBack.found.last}`,
        about,
      ),
    );
  const generation = (previous?.generation ?? 1) + (setBack === undefined ? 0 : 1);
  if (current.generation !== generation)
    gap(`generation ${current.generation} instead of ${generation}`);
  const from = setBack === undefined ? (previous?.position ?? 0) : 0;
  if (position !== (last ?? from)) gap(`it goes on at ${position} after ${last ?? from}`);
  if ((anchor?.seq ?? 0) !== position)
    gap(`its anchor is ${anchor?.seq ?? 0} instead of ${position}`);
  for (const [a, b] of holes)
    findings.push(
      broken(
        "stream-hole",
        `manifest ${n}, ${name}: the bus had lost ${a === b ? `seq ${a}` : `seq ${a} to ${b}`}`,
        about,
      ),
    );
  if (first !== null) {
    let next = from + 1;
    for (const [a, b] of holes) if (a === next) next = b + 1;
    // A stream that was set back begins wherever its copy does.
    if (first < next || (first > next && !(from === 0 && current.generation > 1)))
      gap(`it begins at ${first} instead of ${next}`);
  }
  return findings;
}
