import type { Detect } from "@sallyport/contracts";

/** In parts, so that no scanner takes this file for a leak. */
const secret = (...parts: readonly string[]): string => parts.join("");
const pem = (end: string): string =>
  secret("-----BEGIN ", "PRIVATE KEY-----\nMIIEvQIBADANBgkq", `\n-----END ${end}PRIVATE KEY-----`);

/** What each detector of a connection is asked to do. */
export const detect: Detect = {
  card: "partial",
  email: "redact",
  iban: "partial",
  phone: "partial:3",
  "national-id": "redact",
  secret: "redact",
};

/** Texts, and what has to be left of them. */
const values: readonly (readonly [text: string, masked: string])[] = [
  ["pay to DE89370400440532013000, thanks", "pay to ******************3000, thanks"],
  ["GB29NWBK60161331926819", "******************6819"],
  ["call +44 20 7946 0958!", "call *************958!"],
  ["415-555-2671|\\.", "*********671|\\."],
  ["NIF 12345678Z", "NIF ****"],
  ['"756.9217.0769.85"', '"****"'],
  [`key=${secret("AKIA", "IOSFODNN7EXAMPLE")};`, "key=****;"],
  [`tab\t${secret("ghp_", "a1B2".repeat(9))}\nnext`, "tab\t****\nnext"],
  [secret("eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0In0", ".c2lnbmF0dXJlLW9mLWl0"), "****"],
  [`${pem("")}, a key`, "****, a key"],
  ["4111111111111111, eve@example.com and 44051401458", "************1111, **** and ****"],
  ["nothing of the kind: 2026-11-22, DE89370400440532013001", ""],
];

/** How often each detector finds something in one column of `finds`. */
export const counts = { card: 1, email: 1, iban: 2, phone: 2, "national-id": 3, secret: 4 };

/** Table `finds` holds the texts in each type that is looked through, `finds_masked` what has to be left of each. */
export const findsSql = ["finds", "finds_masked"]
  .map((name, which) => {
    const texts = values.map((pair) => (which === 1 ? pair[1] : "") || pair[0]);
    const rows = texts.map((text, id) => `(${id}, '${text.replaceAll("'", "''")}')`).join(",\n");
    return `CREATE TABLE ${name} AS
      SELECT id, note, note::varchar(300) AS short, to_jsonb(note) AS doc, json_build_object('n', note) AS raw,
             ARRAY[note, NULL, 'x'] AS list
      FROM (VALUES ${rows}) AS given (id, note);`;
  })
  .join("\n");

/** What must not be seen anywhere: of each text so much as no hash or time has by chance. */
export const findsCanaries =
  /DE89370400440532013000|NWBK6016|20 7946|555-2671|12345678Z|9217\.0769|IOSFODNN|a1B2a1B2|eyJzdWIi|MIIEvQ|4111111111111111|eve@example|44051401458/;
