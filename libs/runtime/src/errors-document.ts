import { catalogue, type CatalogueEntry } from "./catalogue.ts";

/** docs/errors.md, made of the catalogue. */
export function errorsDocument(): string {
  const rows = Object.entries<CatalogueEntry>(catalogue).map(
    ([code, { text, hint, sqlstate, http }]) =>
      `| \`${code}\` | ${text} | ${hint ?? ""} | \`${sqlstate}\` | ${http} |`,
  );
  return `# Errors

What Sallyport itself says to a client, in the order in which a session meets it. A PostgreSQL client gets the text as
the message, the next step as HINT, policies and their reasons as DETAIL, and the SQLSTATE; the HTTP interfaces answer
\`{code, message, detail?, hint?}\` with the status. A name in braces stands for a value. Errors of a target pass
through as they came, except on statements that touch masked columns.

This page is made from [the catalogue](../libs/runtime/src/catalogue.ts) by \`npm run docs\`; a test
compares them.

| code | text | next step | SQLSTATE | HTTP |
| --- | --- | --- | --- | --- |
${rows.join("\n")}
`;
}
