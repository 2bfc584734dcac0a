/** OIDs of PostgreSQL's own types (pg_type.dat); the same in every version. */
export const name = 19;
export const int8 = 20;
export const int2 = 21;
export const int4 = 23;
export const text = 25;
export const json = 114;
export const float4 = 700;
export const float8 = 701;
export const unknown = 705;
export const money = 790;
export const bpchar = 1042;
export const varchar = 1043;
export const date = 1082;
export const timestamp = 1114;
export const timestamptz = 1184;
export const numeric = 1700;
export const uuid = 2950;
export const jsonb = 3802;

/** Their arrays, to the element. */
export const ownArrays: ReadonlyMap<number, number> = new Map([
  [199, json],
  [791, money],
  [1003, name],
  [1005, int2],
  [1007, int4],
  [1009, text],
  [1014, bpchar],
  [1015, varchar],
  [1016, int8],
  [1021, float4],
  [1022, float8],
  [1115, timestamp],
  [1182, date],
  [1185, timestamptz],
  [1231, numeric],
  [2951, uuid],
  [3807, jsonb],
]);
