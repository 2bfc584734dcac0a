import type { Parameter } from "@sallyport/contracts";

/** A bound parameter as a person reads it, unescaped; a binary value of an unknown type as its bytes. */
export function parameterText({ oid, format, value }: Parameter): string {
  if (value === null) return "NULL";
  if (format === 0) return `'${value}'`;
  const bytes = Buffer.from(value, "base64");
  return binaryReaders.get(oid)?.(bytes) ?? `bytes \\x${bytes.toString("hex")}`;
}

type Reader = (bytes: Buffer) => string | null;

const sized =
  (size: number, read: (bytes: Buffer) => string): Reader =>
  (bytes) =>
    bytes.length === size ? read(bytes) : null;

const text: Reader = (bytes) => {
  const read = bytes.toString("utf8");
  return Buffer.from(read).equals(bytes) ? `'${read}'` : null;
};

/** PostgreSQL's binary forms, by type OID (pg_type.dat). */
const binaryReaders: ReadonlyMap<number, Reader> = new Map<number, Reader>([
  [16, sized(1, (bytes) => (bytes[0] === 1 ? "true" : "false"))],
  [19, text],
  [20, sized(8, (bytes) => String(bytes.readBigInt64BE()))],
  [21, sized(2, (bytes) => String(bytes.readInt16BE()))],
  [23, sized(4, (bytes) => String(bytes.readInt32BE()))],
  [25, text],
  [700, sized(4, (bytes) => String(bytes.readFloatBE()))],
  [701, sized(8, (bytes) => String(bytes.readDoubleBE()))],
  [705, text],
  [1042, text],
  [1043, text],
  [
    2950,
    sized(16, (bytes) =>
      bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"),
    ),
  ],
]);
