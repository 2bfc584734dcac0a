import { bpchar, name, text, textArrays, unknown, varchar } from "./type-oids.ts";

/** What the target's catalog says of a type; needed for all but PostgreSQL's own text types and their arrays. */
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

export interface ArrayType {
  readonly kind: "array";
  /** The element's OID as it stands in a binary array's header. */
  readonly elementOid: number;
  readonly element: TextType;
}

/** `other`: a type that cannot hold a masked text. */
export type MaskedType = TextType | ArrayType | { readonly kind: "other" };

const other = { kind: "other" } as const;

/** atttypmod of varchar(n) and char(n) is n + 4; -1 is no limit. */
const typmodHeader = 4;
/** NAMEDATALEN - 1. */
const nameBytes = 63;

/** Whether and how a column's type can hold a masked text. An unknown type cannot. */
export function maskedType(typeOid: number, typmod = -1, info?: TypeInfo): MaskedType {
  const oid = info?.baseOid || typeOid;
  const plain = textType(oid, typmod, info);
  if (plain) return plain;
  const ownElement = textArrays.get(oid);
  const elementOid = ownElement ?? (info?.category === "A" ? info.elementOid : undefined);
  if (!elementOid) return other;
  const element = textType(info?.element?.baseOid || elementOid, typmod, info?.element);
  return element ? { kind: "array", elementOid, element } : other;
}

function textType(oid: number, typmod: number, info: TypeInfo | undefined): TextType | null {
  const limited = (characters: number, padded: boolean): TextType => ({
    kind: "text",
    padded,
    characters,
    bytes: Infinity,
  });
  const declared = typmod >= typmodHeader ? typmod - typmodHeader : Infinity;
  switch (oid) {
    case text:
    case unknown:
      return limited(Infinity, false);
    case varchar:
      return limited(declared, false);
    case bpchar:
      return limited(declared, true);
    case name:
      return { kind: "text", padded: false, characters: Infinity, bytes: nameBytes };
    default:
      // citext and its like: PostgreSQL's own types are all named above or in `other`.
      return info?.category === "S" ? limited(Infinity, false) : null;
  }
}
