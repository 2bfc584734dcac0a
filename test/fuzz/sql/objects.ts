import { expression } from "./expressions.ts";
import type { Making } from "./making.ts";
import { render } from "./piece.ts";
import { query } from "./queries.ts";
import type { Column, Type } from "./scope.ts";

/** A view or a function of the grammar's own making. */
export interface Made {
  readonly text: string;
  /** As the grammar then uses it. */
  readonly relation?: readonly [name: string, columns: readonly Column[]];
  readonly call?: readonly [type: Type, template: string];
}

const nothing = { items: [], outer: null, tables: new Map<string, readonly Column[]>() };

/** @param name that no other object has */
export function objectOf(name: string, making: Making): Made {
  const types = ["text", "num", "int"] as const;
  const columns = types.map((type, at) => ({ name: ["email", "x1", "id"][at] ?? "z", type }));
  const names = columns.map((column) => column.name);
  switch (
    making.of(["view", "view", "function", "atomic", "table function", "materialised"] as const)
  ) {
    case "view":
      return {
        text: `CREATE VIEW ${name} (${names.join(", ")}) AS ${render(query(types, null, null, making))}`,
        relation: [name, columns],
      };
    case "materialised":
      return {
        text: `CREATE MATERIALIZED VIEW ${name} AS ${render(query(types, names, null, making))} WITH DATA`,
        relation: [name, columns],
      };
    case "function": {
      const scope = {
        ...nothing,
        items: [{ alias: null, columns: [{ name: "t", type: "text" as const }] }],
      };
      return {
        text: `CREATE FUNCTION ${name}(t text) RETURNS text LANGUAGE sql AS $fuzz$SELECT (${render(expression("text", scope, making))})::text$fuzz$`,
        call: ["text", `${name}($text)`],
      };
    }
    case "atomic": {
      const scope = {
        ...nothing,
        items: [{ alias: null, columns: [{ name: "n", type: "int" as const }] }],
      };
      return {
        text: `CREATE FUNCTION ${name}(n int) RETURNS numeric LANGUAGE sql RETURN (${render(expression("num", scope, making))})::numeric`,
        call: ["num", `${name}($int)`],
      };
    }
    case "table function":
      return {
        text: `CREATE FUNCTION ${name}() RETURNS TABLE (email text, x1 numeric, id int) LANGUAGE sql STABLE AS $fuzz$SELECT s.email::text, s.x1::numeric, s.id FROM (${render(query(types, names, null, making))}) s$fuzz$`,
        relation: [`${name}()`, columns],
      };
  }
}
