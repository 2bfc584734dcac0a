/** The parts of a message that this example uses; docs/approvals.md has all of them. */
export interface Message {
  readonly type: string;
  readonly data: {
    readonly hold: string;
    readonly state: string;
    readonly principal: string;
    readonly connection: string;
    readonly command: string;
    readonly policies: readonly { readonly group: string; readonly policy: string }[];
    readonly answers: readonly { readonly principal: string; readonly answer: string }[];
    readonly expires: string;
  };
}

/** What the requester wrote cannot move the cursor, hide a line or turn text around. */
const visible = (text: string): string =>
  text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    character === "\n" ? "\n    " : `\\u{${character.codePointAt(0)?.toString(16) ?? ""}}`,
  );

/** A message as lines for a person; an open hold with the line that approves it. */
export function textOf({ type, data }: Message): string {
  const { hold, state, principal, connection, command, policies, answers, expires } = data;
  const lines = [
    `${visible(type)}: hold ${hold} is ${visible(state)}`,
    `  ${visible(principal)} on ${visible(connection)}, until ${visible(expires)}`,
    `    ${visible(command)}`,
    ...policies.map(({ group, policy }) => `  asks ${visible(group)} for ${visible(policy)}`),
    ...answers.map(({ principal: by, answer }) => `  ${visible(by)}: ${visible(answer)}`),
  ];
  if (type === "hold.opened")
    lines.push(`  SALLY_TOKEN=… npm run --silent sally -- approvals approve ${hold}`);
  return lines.join("\n");
}
