import { z } from "zod";

/** What an operation does; the Cedar schema has the same names and their groups. */
export const Action = z.enum([
  "connect",
  "read",
  "insert",
  "update",
  "delete",
  "truncate",
  "create",
  "alter",
  "drop",
  "grant",
  "impersonate",
  "server-file",
  "program",
  "replicate",
  "maintain",
  "execute",
  "set",
  "opaque",
]);
export type Action = z.infer<typeof Action>;

/**
 * How a classified column is used. `output`: it leaves; `lookup`: a top-level AND term `col = constant`;
 * `predicate`: anything else that decides; `write`: it is stored somewhere.
 */
export const Use = z.enum(["output", "lookup", "predicate", "write"]);
export type Use = z.infer<typeof Use>;

export const ResourceType = z.enum(["Connection", "Schema", "Table", "Column", "Function"]);
export type ResourceType = z.infer<typeof ResourceType>;

export const ResourceRef = z.strictObject({ type: ResourceType, id: z.string().max(1024) });
export type ResourceRef = z.infer<typeof ResourceRef>;

/**
 * A resource: `orders`, `orders/public`, `orders/public.customers`, `orders/public.customers.email`,
 * `orders/public.f`; names as PostgreSQL's quote_ident writes them. `in` lists its ancestors below the
 * Connection (of a Column: its Table, that Table's partition or inheritance parents, the Schema).
 */
export const Resource = z.strictObject({
  type: ResourceType,
  id: z.string().max(1024),
  in: z.array(ResourceRef).max(64).optional(),
  /** Tags from config (classification, by inheritance too) and built-in ones (`builtin:values`, `builtin:secrets`). */
  tags: z.array(z.string().max(128)).max(64).optional(),
});
export type Resource = z.infer<typeof Resource>;

/** One action on one resource. `use` goes with `read`, `where` with `update` and `delete`. */
export const Operation = z.strictObject({
  action: Action,
  resource: Resource,
  use: Use.optional(),
  where: z.boolean().optional(),
  /** Of an EXPLAIN that does not run its statement, or a PREPARE: takes denies and masks, never a hold. */
  planned: z.literal(true).optional(),
  /** What else a person should see: the setting's name, the role, why a command is opaque. */
  detail: z.string().max(512).optional(),
});
export type Operation = z.infer<typeof Operation>;
