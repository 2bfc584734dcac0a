/** The first digit of each script whose digits are as good as 0 to 9, in the plane that UTF-16 has in one unit. */
const zeros = [
  0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0,
  0xf20, 0x1040, 0x17e0, 0x1810,
];
const ascii = /^[\0-\x7f]*$/;

/** What stands for characters that are not seen. */
export const unseen = "\u200b";

/**
 * The text with look-alikes of ASCII in their place, unit by unit, so that places in it are places in the original:
 * full-width forms, digits of other scripts, blanks, hyphens; what is not seen is one character.
 */
export function folded(text: string): string {
  if (ascii.test(text)) return text;
  return text.replace(/[^\0-\x7f]/g, (character) => foldedUnit(character));
}

function foldedUnit(character: string): string {
  const code = character.charCodeAt(0);
  if (code >= 0xff01 && code <= 0xff5e) return String.fromCharCode(code - 0xfee0);
  if (/[\u00a0\u2000-\u200a\u202f\u205f\u3000]/.test(character)) return " ";
  if (/[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]/.test(character)) return unseen;
  if (/[\u2010-\u2015\u2212\ufe58\ufe63]/.test(character)) return "-";
  if (character === "\ufe6b") return "@";
  const zero = zeros.findLast((first) => first <= code);
  return zero !== undefined && code < zero + 10
    ? String.fromCharCode(0x30 + code - zero)
    : character;
}
