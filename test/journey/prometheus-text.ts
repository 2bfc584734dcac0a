/** One line of a scrape. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Scrape {
  readonly samples: readonly Sample[];
  /** Of each metric family. */
  readonly types: ReadonlyMap<string, string>;
}

const line = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]Inf|[-+0-9.eE]+)$/;
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/gy;

/** Reads Prometheus text (exposition format 0.0.4); throws at whatever that does not allow. */
export function readPrometheusText(text: string): Scrape {
  const samples: Sample[] = [];
  const types = new Map<string, string>();
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  for (const one of text.split("\n")) {
    if (one === "") continue;
    if (one.startsWith("#")) {
      const [, keyword, name, rest] = /^# (\S+) (\S+) ?(.*)$/.exec(one) ?? [];
      if (keyword !== "TYPE" || name === undefined || rest === undefined) continue;
      if (!/^(counter|gauge|histogram|summary|untyped)$/.test(rest) || types.has(name))
        throw new Error(`no type, or the second: ${one}`);
      types.set(name, rest);
      continue;
    }
    const [, name, inside = "", value] = line.exec(one) ?? [];
    if (name === undefined || value === undefined) throw new Error(`no sample: ${one}`);
    samples.push({ name, labels: labelsOf(inside, one), value: numberOf(value) });
  }
  for (const { name } of samples)
    if (!types.has(name) && !types.has(name.replace(/_(bucket|sum|count)$/, "")))
      throw new Error(`\`${name}\` has no type`);
  return { samples, types };
}

function labelsOf(inside: string, whole: string): Record<string, string> {
  const labels: Record<string, string> = {};
  label.lastIndex = 0;
  while (label.lastIndex < inside.length) {
    const at = label.lastIndex;
    const found = label.exec(inside);
    if (!found) throw new Error(`no label at ${at}: ${whole}`);
    labels[found[1] ?? ""] = found[2] ?? "";
  }
  return labels;
}

const numberOf = (text: string): number =>
  text === "+Inf" ? Infinity : text === "-Inf" ? -Infinity : Number(text);
