import { BodyReader } from "./body-reader.ts";
import { format, type Format } from "./frontend-messages.ts";
import { Backend } from "./message-types.ts";
import { MessageWriter } from "./message-writer.ts";

export interface Field {
  readonly name: string;
  /** OID of the relation it is a column of, 0 if it is none. */
  readonly table: number;
  /** Number of that column, 0 if it is none. */
  readonly attribute: number;
  readonly type: number;
  readonly typeSize: number;
  readonly typeModifier: number;
  /** 0 too where it is not known yet: in the answer to Describe of a statement. */
  readonly format: Format;
}

/** A RowDescription as FrameReader gave it. */
export function parseRowDescription(frame: Buffer): Field[] {
  const body = new BodyReader(frame);
  const fields: Field[] = [];
  for (let left = body.count(19); left > 0; left--)
    fields.push({
      name: body.text(),
      table: body.uint32(),
      attribute: body.int16(),
      type: body.uint32(),
      typeSize: body.int16(),
      typeModifier: body.int32(),
      format: format(body.int16()),
    });
  body.end();
  return fields;
}

export function rowDescription(fields: readonly Field[]): Buffer {
  const writer = new MessageWriter(Backend.RowDescription, 7 + 40 * fields.length);
  writer.int16(fields.length);
  for (const field of fields)
    writer
      .text(field.name)
      .int32(field.table)
      .int16(field.attribute)
      .int32(field.type)
      .int16(field.typeSize)
      .int32(field.typeModifier)
      .int16(field.format);
  return writer.finish();
}
