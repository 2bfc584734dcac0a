import * as oids from "./type-oids.ts";

/** What the target's catalog says of a type; needed for all but PostgreSQL's own types and their arrays. */
export interface TypeInfo {
  /** `pg_type.typcategory`. */
  readonly category: string;
  /** `pg_type.typelem` of a true array; 0 or absent for anything else. */
  readonly elementOid?: number;
  /** The type that a domain is made of in the end; 0 or absent when it is no domain. */
  readonly baseOid?: number;
  /** The same of the element's type, when that is not one of PostgreSQL's own. */
  readonly element?: TypeInfo;
}

/** A text whose masked form must be no longer than this, and is padded when `padded`. */
export interface TextType {
  readonly kind: "text";
  readonly padded: boolean;
  readonly characters: number;
  readonly bytes: number;
}

export interface DateType {
  readonly kind: "date" | "timestamp" | "timestamptz";
}

export interface NumberType {
  readonly kind: "int2" | "int4" | "int8" | "float4" | "float8" | "money";
}

/** `digits` before the point at most, Infinity when it is not declared. */
export interface NumericType {
  readonly kind: "numeric";
  readonly digits: number;
}

export interface JsonType {
  readonly kind: "json" | "jsonb";
}

/** `other`: a type that can hold nothing masked. */
export type ScalarType =
  | TextType
  | DateType
  | NumberType
  | NumericType
  | JsonType
  | { readonly kind: "uuid" }
  | { readonly kind: "other" };

export interface ArrayType {
  readonly kind: "array";
  /** The element's OID as it stands in a binary array's header. */
  readonly elementOid: number;
  readonly element: ScalarType;
}

const other = { kind: "other" } as const;

/** atttypmod of varchar(n), char(n) and numeric is 4 more than what it says; -1 is no limit. */
const typmodHeader = 4;
/** NAMEDATALEN - 1. */
const nameBytes = 63;

/** What a column's type can hold. An unknown type can hold nothing masked. */
export function maskedType(typeOid: number, typmod = -1, info?: TypeInfo): ScalarType | ArrayType {
  const oid = info?.baseOid || typeOid;
  const scalar = scalarType(oid, typmod, info);
  if (scalar.kind !== "other") return scalar;
  const elementOid =
    oids.ownArrays.get(oid) ?? (info?.category === "A" ? info.elementOid : undefined);
  if (!elementOid) return other;
  const element = scalarType(info?.element?.baseOid || elementOid, typmod, info?.element);
  return element.kind === "other" ? other : { kind: "array", elementOid, element };
}

function scalarType(oid: number, typmod: number, info: TypeInfo | undefined): ScalarType {
  const declared = typmod >= typmodHeader ? typmod - typmodHeader : Infinity;
  switch (oid) {
    case oids.text:
    case oids.unknown:
      return limited(Infinity, false);
    case oids.varchar:
      return limited(declared, false);
    case oids.bpchar:
      return limited(declared, true);
    case oids.name:
      return { kind: "text", padded: false, characters: Infinity, bytes: nameBytes };
    case oids.numeric:
      return { kind: "numeric", digits: wholeDigits(declared) };
    default: {
      const kind = plainKinds.get(oid);
      if (kind) return { kind };
      // citext and its like: PostgreSQL's own types are all named above or in `other`.
      return info?.category === "S" ? limited(Infinity, false) : other;
    }
  }
}

const plainKinds: ReadonlyMap<number, (DateType | NumberType | JsonType)["kind"] | "uuid"> =
  new Map([
    [oids.int2, "int2"],
    [oids.int4, "int4"],
    [oids.int8, "int8"],
    [oids.float4, "float4"],
    [oids.float8, "float8"],
    [oids.money, "money"],
    [oids.date, "date"],
    [oids.timestamp, "timestamp"],
    [oids.timestamptz, "timestamptz"],
    [oids.json, "json"],
    [oids.jsonb, "jsonb"],
    [oids.uuid, "uuid"],
  ]);

const limited = (characters: number, padded: boolean): TextType => ({
  kind: "text",
  padded,
  characters,
  bytes: Infinity,
});

/** numeric.c: precision in the upper 16 bits, the scale below as 11 bits with a sign. */
function wholeDigits(declared: number): number {
  if (declared === Infinity) return Infinity;
  const scale = ((declared & 0x7ff) ^ 1024) - 1024;
  return ((declared >> 16) & 0xffff) - scale;
}
