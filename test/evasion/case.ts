/** An idea how to see a masked value, or to change the vault. */
export interface Evasion {
  readonly idea: string;
  /** Lines for psql, or statements for a driver with bound parameters; a `name` prepares by the protocol. */
  readonly script:
    | string
    | readonly {
        readonly text: string;
        readonly name?: string;
        readonly values?: readonly unknown[];
      }[];
}

/**
 * `shows` is what a bare PostgreSQL lets out (in rows, errors or notices) and the gateway must not; it never
 * stands in the script itself.
 */
export interface Leak extends Evasion {
  readonly shows: string;
}

/** What must keep working, with what it answers. */
export interface Control {
  readonly what: string;
  readonly script: string;
}

export const ann = "canary-ann@secret.example";
export const loud = ann.toUpperCase();
export const backwards = Array.from(ann).toReversed().join("");
/** Wrote as an oracle writes: the words are put together by the target only when the guess is right. */
export const told = "LEAKED";
export const tell = `'LEA' || 'KED'`;

/** Each row: the idea, the script, what a bare PostgreSQL shows. */
export const showing = (rows: readonly (readonly [string, string, string])[]): readonly Leak[] =>
  rows.map(([idea, script, shows]) => ({ idea, script, shows }));

export const stealing = (rows: readonly (readonly [string, string])[]): readonly Evasion[] =>
  rows.map(([idea, script]) => ({ idea, script }));

export const working = (rows: readonly (readonly [string, string])[]): readonly Control[] =>
  rows.map(([what, script]) => ({ what, script }));
