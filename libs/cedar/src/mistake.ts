/** What is wrong with a policy, where, and what would be right. */
export interface PolicyMistake {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** The policy's id, when it has come that far. */
  readonly policy?: string;
  readonly problem: string;
  readonly right?: string;
}

/** `orders.cedar:12: unknown masker `blur`: use null, redact, …`. */
export const policyMistakeText = ({ file, line, problem, right }: PolicyMistake): string =>
  `${file}:${line}: ${problem}${right === undefined ? "" : `: ${right}`}`;
