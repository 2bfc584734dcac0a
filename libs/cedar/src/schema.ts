import { schemaToJson } from "@cedar-policy/cedar-wasm/nodejs";
import { Action, cedarSchema, type ResourceType } from "@sallyport/contracts";

interface ActionRules {
  /** Groups of actions that it is in: `write` of `insert`. */
  readonly groups: readonly string[];
  readonly resources: ReadonlySet<string>;
  /** Name of the type of its context in our schema. */
  readonly context: string;
}

/** Read from the schema's text, so that it is said once. */
const schema = readSchema();

/** What the Cedar schema says of each action. */
export const actionRules: ReadonlyMap<Action, ActionRules> = schema.actions;

/** Actions and groups of actions, as policies name them. */
export const actionNames: ReadonlySet<string> = new Set(
  [...actionRules].flatMap(([action, { groups }]) => [action, ...groups]),
);

export const actionsOn = (type: ResourceType): Action[] =>
  [...actionRules].filter(([, rules]) => rules.resources.has(type)).map(([action]) => action);

export const takesUse = (action: Action): boolean => actionRules.get(action)?.context === "Read";
export const takesWhere = (action: Action): boolean =>
  actionRules.get(action)?.context === "Change";

/** Whether the schema lets an entity of one type be in one of the other. */
export const mayBeIn = (type: ResourceType, parent: ResourceType): boolean =>
  schema.memberships.get(type)?.has(parent) ?? false;

function readSchema(): {
  actions: Map<Action, ActionRules>;
  memberships: Map<string, Set<string>>;
} {
  const answer = schemaToJson(cedarSchema);
  if (answer.type === "failure")
    throw new Error(`our Cedar schema: ${answer.errors.map(({ message }) => message).join("; ")}`);
  const { actions = {}, entityTypes = {} } = answer.json[""] ?? {};
  return {
    actions: new Map(
      Action.options.map((action) => {
        const rules = actions[action];
        const context = rules?.appliesTo?.context?.type;
        if (!rules?.appliesTo || context === undefined)
          throw new Error(`our Cedar schema lacks the action \`${action}\``);
        const groups = (rules.memberOf ?? []).map(({ id }) => id);
        return [action, { groups, resources: new Set(rules.appliesTo.resourceTypes), context }];
      }),
    ),
    memberships: new Map(
      Object.entries(entityTypes).map(([type, shape]) => [
        type,
        new Set("memberOfTypes" in shape ? shape.memberOfTypes : []),
      ]),
    ),
  };
}
