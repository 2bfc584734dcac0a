/** A series' value at a time, in seconds. */
export interface Point {
  readonly at: number;
  readonly value: number;
}
export type Labels = Readonly<Record<string, string>>;
export interface Series {
  readonly name: string;
  readonly labels: Labels;
  /** By time, ascending. NaN ends it for then: what was scraped before and is not there any more. */
  readonly points: readonly Point[];
}
export interface Value {
  readonly labels: Labels;
  readonly value: number;
}
type Result = number | readonly Value[];
type Expression = (series: readonly Series[], now: number) => Result;

/** Seconds for which a sample counts when no newer one came. */
const staleAfter = 300;
const token =
  /\s*(?:(\d+(?:\.\d+)?(?:ms|s|m|h|d)?)|("(?:[^"\\]|\\.)*")|([a-zA-Z_:][\w:]*)|(==|!=|=~|!~|>=|<=|[-+*/(){}[\],><=]))/y;
const units: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };
/** Weakest first; all of a row bind alike, to the left. */
const levels = [
  ["or"],
  ["and", "unless"],
  ["==", "!=", "<=", "<", ">=", ">"],
  ["+", "-"],
  ["*", "/"],
];
const aggregates: Readonly<Record<string, (values: readonly number[]) => number>> = {
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  max: (values) => Math.max(...values),
  min: (values) => Math.min(...values),
};

/**
 * What an alert's expression gives: so much of PromQL as alerts.yaml uses. A rate is that between the first sample and
 * the last, which Prometheus carries on to the ends of its range. @throws Error at anything else
 */
export function promql(text: string): (series: readonly Series[], now: number) => readonly Value[] {
  const expression = new Reader(text).whole();
  return (series, now) => {
    const result = expression(series, now);
    if (typeof result === "number") throw new Error(`\`${text}\` is a number`);
    return result;
  };
}

class Reader {
  readonly #tokens: string[] = [];
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    token.lastIndex = 0;
    while (token.lastIndex < text.trimEnd().length) {
      const found = token.exec(text);
      if (!found) throw new Error(`no token in \`${text}\``);
      this.#tokens.push(found[0].trim());
    }
  }

  whole(): Expression {
    const read = this.#binary(0);
    if (this.#at < this.#tokens.length) this.#fail();
    return read;
  }

  #fail(): never {
    throw new Error(
      `\`${this.#text}\`: not read from \`${this.#tokens[this.#at] ?? "its end"}\` on`,
    );
  }

  #next(): string {
    return this.#tokens[this.#at++] ?? this.#fail();
  }

  #take(wanted: string): boolean {
    if (this.#tokens[this.#at] !== wanted) return false;
    this.#at += 1;
    return true;
  }

  #need(wanted: string): void {
    if (!this.#take(wanted)) this.#fail();
  }

  #binary(level: number): Expression {
    const here = levels[level];
    if (here === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (let sign = this.#tokens[this.#at]; sign !== undefined && here.includes(sign);) {
      this.#at += 1;
      const [a, b, by] = [left, this.#binary(level + 1), sign];
      left = (series, now) => combine(by, a(series, now), b(series, now));
      sign = this.#tokens[this.#at];
    }
    return left;
  }

  #unary(): Expression {
    const first = this.#next();
    if (first === "(") {
      const inner = this.#binary(0);
      this.#need(")");
      return inner;
    }
    if (/^\d/.test(first)) return () => Number(first);
    if (!/^[a-zA-Z_:]/.test(first)) this.#fail();
    const aggregate = aggregates[first];
    if (aggregate) return this.#aggregate(aggregate);
    if (this.#tokens[this.#at] === "(") return this.#call(first);
    return this.#selector(first);
  }

  #labelNames(): string[] {
    const names: string[] = [];
    this.#need("(");
    while (!this.#take(")")) {
      names.push(this.#next());
      this.#take(",");
    }
    return names;
  }

  #aggregate(over: (values: readonly number[]) => number): Expression {
    const by = this.#take("by") ? this.#labelNames() : [];
    this.#need("(");
    const inner = this.#binary(0);
    this.#need(")");
    return (series, now) => {
      const groups = new Map<string, { labels: Labels; values: number[] }>();
      for (const { labels, value } of vector(inner(series, now))) {
        const kept = only(labels, by);
        const group = groups.get(keyOf(kept)) ?? { labels: kept, values: [] };
        group.values.push(value);
        groups.set(keyOf(kept), group);
      }
      return [...groups.values()].map(({ labels, values }) => ({ labels, value: over(values) }));
    };
  }

  #call(name: string): Expression {
    this.#need("(");
    if (name === "histogram_quantile") {
      const quantile = Number(this.#next());
      this.#need(",");
      const inner = this.#binary(0);
      this.#need(")");
      return (series, now) => histogramQuantile(quantile, vector(inner(series, now)));
    }
    if (name === "absent") {
      const inner = this.#binary(0);
      this.#need(")");
      return (series, now) =>
        vector(inner(series, now)).length === 0 ? [{ labels: {}, value: 1 }] : [];
    }
    if (name !== "rate" && name !== "increase") return this.#fail();
    const { matches } = this.#matcher(this.#next());
    this.#need("[");
    const range = secondsOf(this.#next());
    this.#need("]");
    this.#need(")");
    return (series, now) =>
      series.filter(matches).flatMap(({ labels, points }) => {
        const within = points.filter(
          ({ at, value }) => at > now - range && at <= now && !Number.isNaN(value),
        );
        const [first, last] = [within[0], within.at(-1)];
        if (!first || !last || first === last) return [];
        let grown = 0;
        within.forEach(({ value }, index) => {
          const before = within[index - 1]?.value ?? value;
          // A counter that is smaller than before was begun anew.
          grown += value >= before ? value - before : value;
        });
        return [{ labels, value: name === "rate" ? grown / (last.at - first.at) : grown }];
      });
  }

  #matcher(name: string): { matches: (one: Series) => boolean } {
    const tests: ((labels: Labels) => boolean)[] = [];
    if (this.#take("{"))
      while (!this.#take("}")) {
        const [label, sign, quoted] = [this.#next(), this.#next(), this.#next()];
        const wanted = String(JSON.parse(quoted));
        const pattern = new RegExp(`^(?:${wanted})$`);
        tests.push((labels) => {
          const value = labels[label] ?? "";
          const same = sign.endsWith("~") ? pattern.test(value) : value === wanted;
          return sign.startsWith("!") ? !same : same;
        });
        this.#take(",");
      }
    return { matches: (one) => one.name === name && tests.every((holds) => holds(one.labels)) };
  }

  #selector(name: string): Expression {
    const { matches } = this.#matcher(name);
    const offset = this.#take("offset") ? secondsOf(this.#next()) : 0;
    return (series, now) =>
      series.filter(matches).flatMap(({ labels, points }) => {
        const last = points.findLast(({ at }) => at <= now - offset);
        return last === undefined ||
          Number.isNaN(last.value) ||
          last.at <= now - offset - staleAfter
          ? []
          : [{ labels, value: last.value }];
      });
  }
}

const secondsOf = (text: string): number => {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(text) ?? [];
  const factor = units[unit];
  if (number === undefined || factor === undefined) throw new Error(`no duration: \`${text}\``);
  return Number(number) * factor;
};
const keyOf = (labels: Labels): string =>
  JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => a.localeCompare(b)));
const only = (labels: Labels, names: readonly string[]): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => names.includes(name)));
const without = (labels: Labels, name: string): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([one]) => one !== name));

function vector(result: Result): readonly Value[] {
  if (typeof result === "number") throw new Error("a number where series are wanted");
  return result;
}

function calculate(sign: string, a: number, b: number): number | boolean {
  switch (sign) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case ">":
      return a > b;
    case "<":
      return a < b;
    case ">=":
      return a >= b;
    case "<=":
      return a <= b;
    default:
      throw new Error(`no operator: \`${sign}\``);
  }
}

function combine(sign: string, left: Result, right: Result): Result {
  if (sign === "or" || sign === "and" || sign === "unless") {
    const [a, b] = [vector(left), vector(right)];
    const has = (all: readonly Value[], one: Value): boolean =>
      all.some(({ labels }) => keyOf(labels) === keyOf(one.labels));
    if (sign === "or") return [...a, ...b.filter((one) => !has(a, one))];
    return a.filter((one) => has(b, one) === (sign === "and"));
  }
  if (typeof left === "number") {
    if (typeof right !== "number") throw new Error("a number on the left of series");
    return Number(calculate(sign, left, right));
  }
  return left.flatMap(({ labels, value }) => {
    const other =
      typeof right === "number"
        ? right
        : right.find((one) => keyOf(one.labels) === keyOf(labels))?.value;
    if (other === undefined) return [];
    const result = calculate(sign, value, other);
    // A comparison keeps what holds, with its value.
    if (typeof result === "boolean") return result ? [{ labels, value }] : [];
    return [{ labels, value: result }];
  });
}

function histogramQuantile(quantile: number, buckets: readonly Value[]): readonly Value[] {
  const groups = new Map<string, { labels: Labels; all: { le: number; count: number }[] }>();
  for (const { labels, value } of buckets) {
    const rest = without(labels, "le");
    const group = groups.get(keyOf(rest)) ?? { labels: rest, all: [] };
    const le = labels["le"] === "+Inf" ? Infinity : Number(labels["le"]);
    group.all.push({ le, count: value });
    groups.set(keyOf(rest), group);
  }
  return [...groups.values()].flatMap(({ labels, all }) => {
    const sorted = all.toSorted((a, b) => a.le - b.le);
    const total = sorted.at(-1)?.count ?? 0;
    if (total === 0) return [];
    const rank = quantile * total;
    const at = sorted.findIndex(({ count }) => count >= rank);
    const [found, before] = [sorted[at], sorted[at - 1] ?? { le: 0, count: 0 }];
    if (!found) return [];
    if (found.le === Infinity) return [{ labels, value: before.le }];
    const part = (rank - before.count) / (found.count - before.count);
    return [{ labels, value: before.le + (found.le - before.le) * part }];
  });
}
