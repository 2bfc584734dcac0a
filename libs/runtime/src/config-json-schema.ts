import { z } from "zod";
import { Config } from "@sallyport/contracts";

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

/** sallyport.yaml as JSON Schema, for editors: what people write, before defaults and units are read. */
export const configJsonSchema = (): Record<string, unknown> => ({
  title: "sallyport.yaml",
  description: "What `sally up` runs and `sally apply` loads.",
  ...z.toJSONSchema(Config, { io: "input" }),
});

let schema: JsonSchema | undefined;

/** The keys that a map at `path` may have, in the schema's order; empty where any may stand. */
export function keysAt(path: readonly PropertyKey[]): string[] {
  schema ??= z.toJSONSchema(Config, { io: "input" }) as JsonSchema;
  let nodes = alternatives(schema);
  for (const step of path) {
    nodes = nodes
      .flatMap((node) => {
        const next =
          node.properties?.[String(step)] ??
          (typeof node.additionalProperties === "object" ? node.additionalProperties : node.items);
        return next ? [next] : [];
      })
      .flatMap(alternatives);
  }
  return [...new Set(nodes.flatMap((node) => Object.keys(node.properties ?? {})))];
}

const alternatives = (node: JsonSchema): JsonSchema[] =>
  node.anyOf ? node.anyOf.flatMap(alternatives) : [node];
