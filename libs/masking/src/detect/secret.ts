import { matches, type Span } from "./span.ts";

/** Credentials whose beginning says what they are. Each expression has one way to match, so it takes linear time. */
const tokens: readonly RegExp[] = [
  // Amazon access keys; GitHub; GitLab; Slack; Stripe; Google; npm; PyPI; SendGrid; DigitalOcean; Hugging Face.
  /(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])/g,
  /(?<![A-Za-z0-9])gh[opsur]_[A-Za-z0-9]{36,255}(?![A-Za-z0-9])/g,
  /(?<![A-Za-z0-9])github_pat_[A-Za-z0-9_]{22,255}/g,
  /(?<![A-Za-z0-9])glpat-[A-Za-z0-9_.-]{20,255}/g,
  /(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,255}/g,
  /(?<![A-Za-z0-9])(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,255}/g,
  /(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/g,
  /(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])/g,
  /(?<![A-Za-z0-9])pypi-[A-Za-z0-9_-]{50,}/g,
  /(?<![A-Za-z0-9])SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}/g,
  /(?<![A-Za-z0-9])dop_v1_[0-9a-f]{64}/g,
  /(?<![A-Za-z0-9])hf_[A-Za-z0-9]{34,}/g,
  // JSON Web Tokens, with or without a signature.
  /(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/g,
];
/** OpenAI, Anthropic and their like; a name with hyphens may begin so, too. */
const keys = /(?<![A-Za-z0-9-])sk-[A-Za-z0-9_-]{20,255}/g;
const privateKey = /-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----/g;

export const secrets = (text: string): Span[] => [
  ...tokens.flatMap((pattern) => matches(text, pattern)),
  ...matches(text, keys, (key) => /\d/.test(key) && /[A-Z]/.test(key)),
  ...privateKeys(text),
];

/** To its last line, or to the end of the text when that is missing. */
function privateKeys(text: string): Span[] {
  const found: Span[] = [];
  let from = 0;
  for (const { index } of text.matchAll(privateKey)) {
    if (index < from) continue;
    const last = text.indexOf("-----END ", index);
    const end = last === -1 ? -1 : text.indexOf("-----", last + "-----END ".length);
    from = end === -1 ? text.length : end + "-----".length;
    found.push({ start: index, end: from });
  }
  return found;
}
