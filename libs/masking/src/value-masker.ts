/** Masks one value that is there, in one of PostgreSQL's two formats; null is SQL's NULL. */
export type ValueMasker = (value: Buffer) => Buffer | null;
