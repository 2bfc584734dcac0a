/** OIDs of PostgreSQL's own text types (pg_type.dat); the same in every version. */
export const name = 19;
export const text = 25;
export const unknown = 705;
export const bpchar = 1042;
export const varchar = 1043;

/** Their arrays, to the element. */
export const textArrays: ReadonlyMap<number, number> = new Map([
  [1003, name],
  [1009, text],
  [1014, bpchar],
  [1015, varchar],
]);
