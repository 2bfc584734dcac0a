import { mod97, weighted } from "./check-digits.ts";
import { matches, type Find, type Span } from "./span.ts";

/** Numbers of persons whose digits can be checked, by country. */
const kinds: readonly Find[] = [spanish, french, italian, polish, swiss, finnish, brazilian];

export const nationalIds = (text: string): Span[] => kinds.flatMap((find) => find(text));

const plain = (match: string): string => match.replace(/[ .\-\u200b]/g, "").toUpperCase();

/** DNI and NIE: the letter is the number's remainder by 23. */
function spanish(text: string): Span[] {
  return matches(text, /(?<![\w-])(?:\d{8}|[XYZxyz]-?\d{7})-?[A-Za-z](?![\w-])/g, (match) => {
    const id = plain(match);
    const number = id.slice(0, -1).replace(/^[XYZ]/, (letter) => String("XYZ".indexOf(letter)));
    return "TRWAGMYFPDXBNJZSQVHLCKE"[Number(number) % 23] === id.at(-1);
  });
}

/** NIR: sex, year, month, department, and 97 less the remainder by 97. */
function french(text: string): Span[] {
  const pattern =
    /(?<![\w.])[12][ \u200b]?\d{2}[ \u200b]?(?:0[1-9]|1[0-2]|[2-4]\d|5[0-9])[ \u200b]?(?:\d{2}|2[AB])[ \u200b]?\d{3}[ \u200b]?\d{3}[ \u200b-]?\d{2}(?![\w.])/g;
  return matches(text, pattern, (match) => {
    const id = plain(match).replace("2A", "19").replace("2B", "18");
    return 97 - mod97(id.slice(0, 13)) === Number(id.slice(13));
  });
}

const odd = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
];

/** Codice fiscale: the last letter checks the fifteen before it. */
function italian(text: string): Span[] {
  const pattern =
    /(?<!\w)[A-Za-z]{6}[\dL-V]{2}[A-Ea-eHhLlMmPpR-Tr-t][\dL-V]{2}[A-Za-z][\dL-V]{3}[A-Za-z](?!\w)/g;
  return matches(text, pattern, (match) => {
    const id = match.toUpperCase();
    const sum = Array.from(id.slice(0, 15), (character, at) => {
      const value = /\d/.test(character) ? Number(character) : character.charCodeAt(0) - 65;
      return at % 2 === 0 ? (odd[value] ?? 0) : value;
    }).reduce((a, b) => a + b, 0);
    return String.fromCharCode(65 + (sum % 26)) === id.at(-1);
  });
}

/** PESEL: a date of birth (the century is in the month) and a check digit. */
function polish(text: string): Span[] {
  return matches(text, /(?<![\w.])\d{11}(?![\w.])/g, (id) => {
    const [month, day] = [Number(id.slice(2, 4)) % 20, Number(id.slice(4, 6))];
    if (month < 1 || month > 12 || day < 1 || day > 31) return false;
    return weighted(id, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0;
  });
}

/** AHV: an EAN-13 of the country 756. */
function swiss(text: string): Span[] {
  return matches(
    text,
    /(?<![\w.])756[.\u200b]?\d{4}[.\u200b]?\d{4}[.\u200b]?\d{2}(?!\w)/g,
    (match) => weighted(plain(match), [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0,
  );
}

/** Henkilötunnus: a date of birth, a number, and the remainder of both by 31. */
function finnish(text: string): Span[] {
  const pattern =
    /(?<!\w)(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2}[-+A-FU-Y]\d{3}[\dA-FHJ-NPR-Y](?!\w)/g;
  return matches(text, pattern, (id) => {
    const number = Number(id.slice(0, 6) + id.slice(7, 10));
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[number % 31] === id[10];
  });
}

/** CPF: two check digits. */
function brazilian(text: string): Span[] {
  return matches(text, /(?<![\w.])(?:\d{3}\.\d{3}\.\d{3}-|\d{9})\d{2}(?![\w.])/g, (match) => {
    const id = plain(match);
    if (/^(\d)\1+$/.test(id)) return false;
    const check = (length: number): number =>
      ((weighted(
        id,
        Array.from({ length }, (_, at) => length + 1 - at),
      ) *
        10) %
        11) %
      10;
    return check(9) === Number(id[9]) && check(10) === Number(id[10]);
  });
}
