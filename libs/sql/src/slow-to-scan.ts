/** Comments and characters of one operator up to which PostgreSQL's scanner takes no longer than a text's length says. */
const most = { comments: 500, operator: 500 };

const isOperator = new Uint8Array(128);
for (const sign of Buffer.from("+-*/<>=~!@#%^&|`?")) isOperator[sign] = 1;
const [slash, star] = [47, 42];

/**
 * Whether the scanner may take a time that grows with the square of what is in the text: it looks through the text again
 * at each comment, and through an operator at each of its characters.
 */
export function slowToScan(text: string): boolean {
  let comments = 0;
  let operator = 0;
  let before = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    operator = isOperator[code] === 1 ? operator + 1 : 0;
    if (before === slash && code === star) comments += 1;
    if (comments > most.comments || operator > most.operator) return true;
    before = code;
  }
  return false;
}
