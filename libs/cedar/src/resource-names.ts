import type { ResourceRef } from "@sallyport/contracts";

/** What an id says of its own place: `orders/public.t.c` is in `orders/public.t`, `orders/public`, and `orders`. */
export function ancestorsOf({ type, id }: ResourceRef): ResourceRef[] {
  const slash = id.indexOf("/");
  if (type === "Connection" || slash < 0) return [];
  const connection = id.slice(0, slash);
  const parts = id.slice(slash + 1).match(/"(?:[^"]|"")*"|[^."]+/g) ?? [];
  const upTo = (count: number): string => `${connection}/${parts.slice(0, count).join(".")}`;
  const ancestors: ResourceRef[] = [{ type: "Connection", id: connection }];
  if (type !== "Schema" && parts.length > 1) ancestors.push({ type: "Schema", id: upTo(1) });
  if (type === "Column" && parts.length > 2) ancestors.push({ type: "Table", id: upTo(2) });
  return ancestors;
}

/** Whether a resource belongs to a connection by its id. */
export const isOn = (connection: string, { type, id }: ResourceRef): boolean =>
  type === "Connection" ? id === connection : id.startsWith(`${connection}/`);

/** `read orders/public.customers.email (output)`. */
export const operationText = (operation: {
  action: string;
  resource: { id: string };
  use?: string | undefined;
}): string =>
  `${operation.action} ${operation.resource.id}${operation.use ? ` (${operation.use})` : ""}`;
