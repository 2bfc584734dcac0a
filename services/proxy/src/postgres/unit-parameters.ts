import type { Parameter } from "@sallyport/contracts";
import { formatOf, invalidUtf8, utf8Text, type Bind } from "@sallyport/pgwire";
import type { Prepared } from "./protocol-names.ts";
import type { CommandUnit } from "./statements.ts";

/** What the command is bound by: the portal's Bind, or the one that comes with it. */
export function bindOf({ portal, steps }: CommandUnit): Bind | null {
  if (portal?.bind) return portal.bind;
  for (let at = steps.length - 1; at >= 0; at--) {
    const message = steps[at]?.message;
    if (message?.kind === "bind") return message;
  }
  return null;
}

const none: readonly Parameter[] = [];

/** What is wrong with it when a text is not UTF-8: what is approved must be what runs. */
export function parametersOf(
  unit: CommandUnit,
  bind: Bind | null,
): readonly Parameter[] | { readonly wrong: string } {
  const call = unit.steps[0]?.message;
  const values = call?.kind === "function-call" ? call : bind;
  if (values === null || values.parameters.length === 0) return none;
  const types = typesOf(unit);
  const parameters: Parameter[] = [];
  for (let index = 0; index < values.parameters.length; index++) {
    const bytes = values.parameters[index] ?? null;
    const format = formatOf(values.formats, index);
    const value =
      bytes === null
        ? null
        : format === 0
          ? utf8Text(bytes, 0, bytes.length)
          : bytes.toString("base64");
    if (value === null && bytes !== null) return { wrong: invalidUtf8(bytes) };
    parameters.push({ oid: types[index] ?? 0, format, value });
  }
  return parameters;
}

const typesOf = ({ portal, steps }: CommandUnit): readonly number[] =>
  typesOfStatement(portal?.statement ?? steps.find(({ prepared }) => prepared)?.prepared);

const typesOfStatement = (statement: Prepared | undefined): readonly number[] =>
  statement?.sql?.types ?? statement?.types ?? [];
